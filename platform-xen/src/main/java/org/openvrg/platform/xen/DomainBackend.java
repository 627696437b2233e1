package org.openvrg.platform.xen;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.qemu.mirror.LiveDisk;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;
import org.openvrg.qemu.qmp.QmpListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The QEMU that is the block back end of a domain: one connection to its monitor, made when it is needed, and where dom0
 * is another machine a relay to the socket at which it serves its disks for reading. Thread-safe.
 */
final class DomainBackend implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DomainBackend.class);
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);

    private final HostSettings settings;
    private final Dom0 dom0;
    private final int domain;
    private volatile Optional<QmpClient> monitor = Optional.empty();
    private volatile Optional<SocketRelay> relay = Optional.empty();
    private volatile boolean closed;

    DomainBackend(HostSettings settings, Dom0 dom0, int domain) {
        this.settings = settings;
        this.dom0 = dom0;
        this.domain = domain;
    }

    /**
     * Finds a disk.
     *
     * @param name what QEMU calls it
     */
    LiveDisk find(String name) throws PlatformException {
        QmpClient connected = connect();
        try {
            JsonNode drives = connected.execute("query-block");
            for (JsonNode drive : drives) {
                String device = drive.path("qdev").asText();
                JsonNode inserted = drive.path("inserted");
                if (inserted.isObject() && isDisk(connected, device, name)) {
                    checkAlone(name, inserted.path("file").asText(), drives);
                    return new LiveDisk(
                            connected,
                            inserted.path("node-name").asText(),
                            device,
                            inserted.at("/image/virtual-size").asLong(),
                            false,
                            UnixDomainSocketAddress.of(settings.readerOf(domain)));
                }
            }
        } catch (QmpException e) {
            throw new PlatformException(this + ": " + e.getMessage(), e);
        }
        throw new PlatformException(this + " serves no " + name);
    }

    /** Where the guard reaches this QEMU, if a connection is this one's. */
    Optional<String> guardOf(QmpClient connection) {
        return monitor.equals(Optional.of(connection)) ? settings.guardOf(domain) : Optional.empty();
    }

    /**
     * An HVM guest has its first disks as emulated ones, too, until its driver for Xen takes over. What it writes there
     * passes the captured device by.
     */
    private void checkAlone(String name, String file, JsonNode drives) throws PlatformException {
        int users = 0;
        for (JsonNode drive : drives) {
            boolean writable = !drive.at("/inserted/ro").asBoolean();
            users += writable && drive.at("/inserted/file").asText().equals(file) ? 1 : 0;
        }
        if (users > 1) {
            throw new PlatformException(
                    this + " has " + name + " as an emulated disk as well; it can be captured once the"
                            + " guest's driver for Xen has taken over");
        }
    }

    /** QEMU tells the name with the number of the partition, 0 for the whole disk. */
    private static boolean isDisk(QmpClient monitor, String device, String name) throws QmpException {
        if (device.isEmpty() || !property(monitor, device, "type").equals("xen-disk")) {
            return false;
        }
        String vdev = property(monitor, device, "vdev");
        return vdev.equals(name) || vdev.equals(name + "0");
    }

    private static String property(QmpClient monitor, String path, String property) throws QmpException {
        return monitor.execute(
                        "qom-get", QmpClient.arguments().put("path", path).put("property", property))
                .asText();
    }

    private synchronized QmpClient connect() throws PlatformException {
        Optional<QmpClient> known = monitor;
        if (known.isPresent() && known.get().isOpen()) {
            return known.get();
        }
        if (closed) {
            throw new PlatformException(this + " is not asked any more");
        }
        listen();
        try {
            QmpClient made = QmpClient.open(settings.monitorOf(domain), CONNECT_LIMIT, QmpListener.NONE);
            monitor = Optional.of(made);
            if (closed) {
                made.close();
            }
            return made;
        } catch (QmpException e) {
            throw new PlatformException(
                    this + " can't be reached (its monitor serves one client at a time): " + e.getMessage(), e);
        }
    }

    /** Makes the folder for the socket at which disks are read, and the socket's other end. */
    private void listen() throws PlatformException {
        if (relay.isPresent()) {
            return;
        }
        try {
            Files.createDirectories(
                    settings.socketFolder(),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            if (settings.remote()) {
                String socket = settings.readerOf(domain).toString();
                dom0.run("mkdir", "-p", "-m", "700", settings.socketFolder().toString());
                relay = Optional.of(new SocketRelay(settings.readerOf(domain), settings.connectTo(socket)));
            }
        } catch (IOException e) {
            throw new PlatformException(this + ": no socket can be made in socket-folder: " + e.getMessage(), e);
        }
    }

    /** Closes at once; whoever uses the monitor sees it end. */
    @Override
    public void close() {
        closed = true;
        monitor.ifPresent(QmpClient::close);
        relay.ifPresent(open -> {
            try {
                open.close();
            } catch (IOException e) {
                LOG.warn("{}: its relay can't be closed: {}", this, e.getMessage());
            }
        });
    }

    @Override
    public String toString() {
        return "the QEMU of domain " + domain + " on the Xen host " + settings.name();
    }
}
