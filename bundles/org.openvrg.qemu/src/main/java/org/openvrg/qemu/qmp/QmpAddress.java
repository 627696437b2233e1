package org.openvrg.qemu.qmp;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.openvrg.qemu.libvirt.LibvirtAddress;
import org.openvrg.qemu.wire.Wire;

/**
 * Where a monitor listens. A QEMU may have several monitors, each of which serves one client at a time.
 *
 * @param name what messages and threads call it, without paths
 * @param socket a Unix domain socket, a TCP address, or what {@link #command} makes
 * @param tls what to speak TLS 1.3 with, over TCP only; the context's trust manager judges the server
 */
public record QmpAddress(String name, SocketAddress socket, Optional<SSLContext> tls) {
    /** Checks that TLS is asked for over TCP only. */
    public QmpAddress {
        Objects.requireNonNull(name);
        if (tls.isPresent() && !(socket instanceof InetSocketAddress) && !(socket instanceof LibvirtAddress)) {
            throw new IllegalArgumentException(
                    "the monitor " + name + " has TLS, which only a TCP address or libvirt can have");
        }
    }

    /** A Unix domain socket, named like its file. */
    public static QmpAddress unix(Path path) {
        return new QmpAddress(String.valueOf(path.getFileName()), UnixDomainSocketAddress.of(path), Optional.empty());
    }

    /** A TCP address, in clear. */
    public static QmpAddress tcp(InetSocketAddress address) {
        return new QmpAddress(address.getHostString() + ":" + address.getPort(), address, Optional.empty());
    }

    /** A TCP address with TLS. */
    public static QmpAddress tls(InetSocketAddress address, SSLContext context) {
        return new QmpAddress(address.getHostString() + ":" + address.getPort(), address, Optional.of(context));
    }

    /**
     * A program that carries its standard input and output to a monitor.
     *
     * @param name see {@link #name}
     * @param command its words; no shell is involved
     */
    public static QmpAddress command(String name, List<String> command) {
        return new QmpAddress(name, new CommandAddress(command), Optional.empty());
    }

    /** A monitor through libvirt, TLS being for a daemon that is reached with it. */
    public static QmpAddress libvirt(LibvirtAddress monitor, Optional<SSLContext> tls) {
        return new QmpAddress(monitor.shown(), monitor, tls);
    }

    /** A connection to it, not yet made. */
    Wire wire() throws IOException {
        if (socket instanceof LibvirtAddress monitor) {
            return monitor.wire(tls);
        }
        return socket instanceof CommandAddress through
                ? Wire.ofCommand(through.command())
                : Wire.ofSocket(socket, tls);
    }

    @Override
    public String toString() {
        return name;
    }
}
