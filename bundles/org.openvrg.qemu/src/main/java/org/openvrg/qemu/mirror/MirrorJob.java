package org.openvrg.qemu.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The mirror job of one volume in one QEMU and the node of the export that it writes to: made, looked at, cut off and
 * taken away. Everything goes by names that are this volume's alone.
 */
final class MirrorJob {
    private static final Logger LOG = LoggerFactory.getLogger(MirrorJob.class);
    private static final Duration YANK_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration LOOK_TIMEOUT = Duration.ofSeconds(2);
    private static final int DEFAULT_PORT = 10809;
    /** As in the NBD project's description of URIs. */
    private static final String TLS_NAME = "tls-hostname=";
    /**
     * While a node is added QEMU connects, and nothing else of the VM moves on: no longer than this, where QEMU has that
     * limit (from 7.0 on).
     */
    private static final int OPEN_TIMEOUT_SECONDS = 1;

    private static final int OPEN_TIMEOUT_SINCE = 7;
    /** States of a migration that has not ended. */
    private static final Set<String> MIGRATING =
            Set.of("setup", "active", "pre-switchover", "device", "postcopy-active", "wait-unplug");

    private final LiveDisk disk;
    private final MirrorNames names;

    /** States of a QEMU that does not run its VM: another one does, or will. */
    private static final Set<String> ELSEWHERE = Set.of("inmigrate", "finish-migrate", "postmigrate");

    /** Whether a QEMU has its VM. */
    enum Stay {
        /** It runs it. */
        HERE,
        /** It runs it, after a migration that failed. */
        FAILED_TO_LEAVE,
        /** It runs it, and sends it to another host. */
        LEAVING,
        /** It does not run it any more. */
        GONE
    }

    /** What a look at the job showed. */
    record Look(boolean there, long pendingBytes, long doneBytes) {}

    MirrorJob(LiveDisk disk, MirrorNames names) {
        this.disk = disk;
        this.names = names;
    }

    /** Adds the export as a node, and starts the job. */
    void start(URI export, Optional<String> tlsCredentials) throws QmpException, PlatformException {
        disk.monitor().execute("blockdev-add", node(export, tlsCredentials));
        ObjectNode mirror = QmpClient.arguments()
                .put("job-id", names.job())
                .put("device", disk.node())
                .put("target", names.node())
                .put("sync", "none")
                .put("copy-mode", "write-blocking")
                .put("on-source-error", "report")
                .put("on-target-error", "report");
        disk.monitor().execute("blockdev-mirror", mirror);
    }

    private ObjectNode node(URI export, Optional<String> tlsCredentials) throws QmpException, PlatformException {
        ObjectNode node = QmpClient.arguments()
                .put("driver", "nbd")
                .put("node-name", names.node())
                .put("discard", "unmap")
                .put("export", exportName(export));
        node.set("server", LiveExports.socket(server(export)));
        JsonNode version = disk.monitor().execute("query-version").path("qemu");
        if (version.path("major").asInt() >= OPEN_TIMEOUT_SINCE) {
            node.put("open-timeout", OPEN_TIMEOUT_SECONDS);
        }
        if (export.getScheme().startsWith("nbds")) {
            node.put(
                    "tls-creds",
                    tlsCredentials.orElseThrow(
                            () -> new PlatformException(
                                    "the export speaks TLS: tls-credentials must name the tls-creds object of the host's QEMU")));
            tlsName(export).ifPresent(name -> node.put("tls-hostname", name));
        }
        return node;
    }

    /** What the gateway's certificate is called, where that is not its address. */
    private static Optional<String> tlsName(URI export) {
        String query = Optional.ofNullable(export.getQuery()).orElse("");
        return query.startsWith(TLS_NAME) ? Optional.of(query.substring(TLS_NAME.length())) : Optional.empty();
    }

    private static String exportName(URI export) {
        String path = Optional.ofNullable(export.getPath()).orElse("");
        return path.startsWith("/") ? path.substring(1) : path;
    }

    private static SocketAddress server(URI export) throws PlatformException {
        String scheme = String.valueOf(export.getScheme());
        String query = Optional.ofNullable(export.getQuery()).orElse("");
        if (scheme.equals("nbd+unix") && query.startsWith("socket=")) {
            return UnixDomainSocketAddress.of(query.substring("socket=".length()));
        }
        if ((scheme.equals("nbd") || scheme.equals("nbds")) && export.getHost() != null) {
            String host = export.getHost().replaceAll("^\\[|\\]$", "");
            int port = export.getPort() < 0 ? DEFAULT_PORT : export.getPort();
            return InetSocketAddress.createUnresolved(host, port);
        }
        throw new PlatformException("an export is nbd://, nbds:// or nbd+unix:///NAME?socket=PATH, not " + scheme);
    }

    /** Checks that an address is one that QEMU can be given; the exception tells what would be right. */
    static void check(URI export) throws PlatformException {
        server(export);
    }

    /** How the job does. */
    Look look(Duration most) throws QmpException {
        for (JsonNode job : disk.monitor().execute("query-block-jobs", QmpClient.arguments(), most)) {
            if (job.path("device").asText().equals(names.job())) {
                long done = job.path("offset").asLong();
                return new Look(true, job.path("len").asLong() - done, done);
            }
        }
        return new Look(false, 0, 0);
    }

    /**
     * Whether the QEMU still has the VM. The job outlives the VM's way to another host, at which point it is as whole as
     * it is useless: writes are made elsewhere then.
     */
    Stay stay(Duration most) throws QmpException {
        QmpClient monitor = disk.monitor();
        String status = monitor.execute("query-status", QmpClient.arguments(), most)
                .path("status")
                .asText();
        if (ELSEWHERE.contains(status)) {
            return Stay.GONE;
        }
        String migration = monitor.execute("query-migrate", QmpClient.arguments(), most)
                .path("status")
                .asText();
        if (MIGRATING.contains(migration)) {
            return Stay.LEAVING;
        }
        return migration.equals("failed") ? Stay.FAILED_TO_LEAVE : Stay.HERE;
    }

    /**
     * Cuts the export off, past whatever hangs in band: what waits for it fails at once, which the guest does not see.
     * The node is of no use afterwards.
     */
    void yank() throws QmpException {
        ObjectNode arguments = QmpClient.arguments();
        ArrayNode instances = arguments.putArray("instances");
        instances.addObject().put("type", "block-node").put("node-name", names.node());
        QmpClient monitor = disk.monitor();
        if (monitor.hasOutOfBand()) {
            monitor.executeOutOfBand("yank", arguments, YANK_TIMEOUT);
        } else {
            monitor.execute("yank", arguments, YANK_TIMEOUT);
        }
    }

    /** Takes away job and node, whatever state they are in. What the export had not answered is in the bitmap. */
    void remove() throws QmpException {
        // first of all: while the export does not answer, a drain or a cancel hangs, and with it all that comes in band
        cutOff();
        if (look(LOOK_TIMEOUT).there()) {
            ObjectNode cancel = QmpClient.arguments().put("device", names.job()).put("force", true);
            try {
                disk.monitor().execute("block-job-cancel", cancel);
            } catch (QmpException e) {
                if (e.kind() != QmpException.Kind.REFUSED) {
                    throw e;
                }
                LOG.debug("The job {} ended by itself: {}", names.job(), e.getMessage());
            }
            Patience.until(() -> !look(LOOK_TIMEOUT).there(), "the job " + names.job() + " does not end");
        }
        if (hasNode()) {
            disk.monitor().execute("blockdev-del", QmpClient.arguments().put("node-name", names.node()));
        }
    }

    private void cutOff() throws QmpException {
        try {
            yank();
        } catch (QmpException e) {
            if (e.kind() != QmpException.Kind.REFUSED) {
                throw e;
            }
            LOG.debug("Nothing to cut off at {}: {}", names.node(), e.getMessage());
        }
    }

    private boolean hasNode() throws QmpException {
        JsonNode nodes = disk.monitor()
                .execute("query-named-block-nodes", QmpClient.arguments().put("flat", true));
        for (JsonNode node : nodes) {
            if (node.path("node-name").asText().equals(names.node())) {
                return true;
            }
        }
        return false;
    }
}
