package org.openvrg.qemu.mirror;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.platform.UnseenWrites;
import org.openvrg.nbd.client.DirtyBitmap;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Read-only exports of QEMU's own NBD server, which a QEMU has once: it is started where it does not run, and stopped
 * when no export is left, so that it stands no longer than somebody reads. One that somebody else has started is left
 * alone. Whoever adds or removes exports of a QEMU holds the lock of its monitor.
 */
final class LiveExports {
    private static final Logger LOG = LoggerFactory.getLogger(LiveExports.class);
    /** Longest that QEMU may take for one request of a reader. */
    static final Duration READ_LIMIT = Duration.ofSeconds(30);

    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(2);

    private final LiveDisk disk;
    private final MirrorNames names;
    private final ReadSource source;

    LiveExports(LiveDisk disk, MirrorNames names) {
        this.disk = disk;
        this.names = names;
        this.source = new ReadSource(disk, names);
    }

    /** Exports the live disk for reading, unless that is so already; its name. */
    String addReader() throws QmpException, PlatformException {
        synchronized (disk.monitor()) {
            startServer();
            if (!has(names.reader())) {
                disk.monitor().execute("block-export-add", export(names.reader(), source.node()));
            }
        }
        return names.reader();
    }

    /** Removes all that was made for reading; with the last export the server, as a QEMU has one for all who need one. */
    void removeReader() throws QmpException {
        synchronized (disk.monitor()) {
            removeExport(names.reader());
            source.remove();
        }
    }

    private void stopServer() throws QmpException {
        try {
            disk.monitor().execute("nbd-server-stop");
        } catch (QmpException e) {
            if (e.kind() != QmpException.Kind.REFUSED) {
                throw e;
            }
            LOG.debug("The server for reading was stopped by somebody else: {}", e.getMessage());
        }
    }

    /** The node that {@link MirrorNames#copy()} has to be on, to be read. */
    String mapNode() throws QmpException, PlatformException {
        return source.node();
    }

    /** What the bitmap {@link MirrorNames#copy()} has; its export is gone again afterwards. */
    UnseenWrites readCopy(String node) throws QmpException, PlatformException, StorageException {
        synchronized (disk.monitor()) {
            removeExport(names.map());
            startServer();
            ObjectNode export = export(names.map(), node);
            export.putArray("bitmaps").add(names.copy());
            disk.monitor().execute("block-export-add", export);
        }
        try {
            List<DirtyBitmap.Range> dirty = DirtyBitmap.read(disk.reader(), names.map(), names.copy(), READ_LIMIT);
            return UnseenWrites.in(dirty.stream()
                    .map(range -> new UnseenWrites.Range(range.offsetBytes(), range.lengthBytes()))
                    .toList());
        } catch (StorageException e) {
            if (e.kind() != StorageException.Kind.NO_SPACE) {
                throw e;
            }
            // more ranges than anybody should keep in memory: comparing costs less
            return UnseenWrites.unknown();
        } finally {
            removeMap();
        }
    }

    /** Removes what an earlier life of the gateway may have left of the bitmap's export. */
    void removeMap() throws QmpException {
        synchronized (disk.monitor()) {
            removeExport(names.map());
        }
    }

    private ObjectNode export(String name, String node) {
        return QmpClient.arguments()
                .put("type", "nbd")
                .put("id", name)
                .put("name", name)
                .put("node-name", node)
                .put("writable", false);
    }

    private boolean has(String id) throws QmpException {
        for (JsonNode export : disk.monitor().execute("query-block-exports")) {
            if (export.path("id").asText().equals(id)) {
                return true;
            }
        }
        return false;
    }

    /** The server goes with its last export, if that was ours. */
    private void removeExport(String id) throws QmpException {
        if (!has(id)) {
            return;
        }
        disk.monitor()
                .execute("block-export-del", QmpClient.arguments().put("id", id).put("mode", "hard"));
        Patience.until(() -> !has(id), "the export " + id + " does not go away");
        if (disk.monitor().execute("query-block-exports").isEmpty()) {
            stopServer();
        }
    }

    private void startServer() throws QmpException, PlatformException {
        ObjectNode data = socket(disk.reader());
        ObjectNode address =
                QmpClient.arguments().put("type", data.remove("type").asText());
        address.set("data", data);
        ObjectNode arguments = QmpClient.arguments();
        arguments.set("addr", address);
        try {
            disk.monitor().execute("nbd-server-start", arguments);
        } catch (QmpException e) {
            boolean running = String.valueOf(e.getMessage()).contains("already running");
            if (e.kind() != QmpException.Kind.REFUSED || !running) {
                throw e;
            }
            if (!isReached()) {
                throw new PlatformException(
                        "QEMU's NBD server, of which it has one, is in use by somebody else, such as a pull backup of"
                                + " libvirt; this goes on by itself once that has ended (virsh domjobabort, or"
                                + " nbd-server-stop at QEMU's monitor)",
                        e);
            }
        }
    }

    /** Whether the server that runs is the one that we start, at an address that nobody else uses. */
    private boolean isReached() {
        try {
            if (disk.reader() instanceof InetSocketAddress inet) {
                try (Socket socket = new Socket()) {
                    InetSocketAddress resolved = new InetSocketAddress(inet.getHostString(), inet.getPort());
                    socket.connect(resolved, (int) CONNECT_LIMIT.toMillis());
                }
            } else {
                SocketChannel.open(disk.reader()).close();
            }
            return true;
        } catch (IOException e) {
            LOG.debug("Nobody at {}: {}", disk.reader(), e.getMessage());
            return false;
        }
    }

    /** An address as QEMU's interface has it, with its type among the members. */
    static ObjectNode socket(SocketAddress address) {
        if (address instanceof UnixDomainSocketAddress unix) {
            return QmpClient.arguments()
                    .put("type", "unix")
                    .put("path", unix.getPath().toString());
        }
        InetSocketAddress inet = (InetSocketAddress) address;
        return QmpClient.arguments()
                .put("type", "inet")
                .put(
                        "host",
                        Optional.ofNullable(inet.getAddress())
                                .map(host -> host.getHostAddress())
                                .orElse(inet.getHostString()))
                .put("port", String.valueOf(inet.getPort()));
    }
}
