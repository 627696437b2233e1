package org.openvrg.platform.kvm.internal;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.openvrg.qemu.guard.TlsFiles;
import org.openvrg.qemu.libvirt.LibvirtUri.Transport;
import org.openvrg.qemu.mirror.MirrorSettings;

/**
 * Validated configuration of one group of hosts.
 *
 * @param folder folder with the monitors' Unix domain sockets
 * @param monitors monitors by TCP
 * @param libvirt libvirt daemons
 * @param tls what to speak TLS with the monitors by TCP and the daemons with
 * @param state folder for what is remembered
 * @param scan time between two looks at all VMs
 * @param silence time without an answer of the gateway's NBD server after which the guard cuts off; empty for no guard
 * @param lastResort whether the guard may end the gateway where it can't cut off
 * @param mirror how disks are captured
 */
record HostSettings(
        Optional<Path> folder,
        List<TcpMonitor> monitors,
        List<LibvirtHost> libvirt,
        Optional<TlsFiles> tls,
        Path state,
        Duration scan,
        Optional<Duration> silence,
        boolean lastResort,
        MirrorSettings mirror) {
    private static final int MAX_MONITORS = 1_000;

    /**
     * A monitor by TCP.
     *
     * @param address where it listens
     * @param guard the same QEMU's second monitor
     * @param reader where QEMU may serve live disks
     */
    record TcpMonitor(InetSocketAddress address, Optional<SocketAddress> guard, SocketAddress reader) {}

    /** Checks each value; the message of the exception names key, value and what would be right. */
    static HostSettings of(KvmPlatformComponent.Config config) {
        Optional<Path> folder = path(config.folder());
        List<TcpMonitor> monitors = monitors(config.monitors());
        List<LibvirtHost> libvirt = LibvirtHost.parse(config.libvirt());
        if (folder.isEmpty() && monitors.isEmpty() && libvirt.isEmpty()) {
            throw new IllegalArgumentException(
                    "folder and monitors and libvirt are all empty, one of them must name the monitors");
        }
        Optional<TlsFiles> tls = tls(config);
        if (tls.isEmpty() && libvirt.stream().anyMatch(host -> host.uri().transport() == Transport.TLS)) {
            throw new IllegalArgumentException("libvirt has a daemon that is reached with TLS, which takes"
                    + " tls-keystore-file and its fellows");
        }
        if (tls.isEmpty()) {
            monitors.forEach(monitor -> requireLoopback(monitor.address()));
        }
        Path state = path(config.state())
                .orElseThrow(() -> new IllegalArgumentException("state is empty, it must be the path of a folder"));
        Duration silence = millis("watchdog-silence-millis", config.watchdog$_$silence$_$millis(), 500, 60_000);
        MirrorSettings standard = MirrorSettings.standard();
        MirrorSettings mirror = new MirrorSettings(
                Duration.ofSeconds(within("rotation-seconds", config.rotation$_$seconds(), 1, 86_400)),
                standard.tick(),
                millis("stall-millis", config.stall$_$millis(), 500, 60_000),
                standard.firstRetry(),
                standard.lastRetry(),
                config.tls$_$credentials().isBlank()
                        ? Optional.empty()
                        : Optional.of(config.tls$_$credentials().trim()));
        Duration scan = millis("scan-millis", config.scan$_$millis(), 200, 60_000);
        return new HostSettings(
                folder,
                monitors,
                libvirt,
                tls,
                state,
                scan,
                config.watchdog() ? Optional.of(silence) : Optional.empty(),
                config.watchdog$_$kill(),
                mirror);
    }

    private static Optional<Path> path(String text) {
        return text.isBlank()
                ? Optional.empty()
                : Optional.of(Path.of(text.trim()).toAbsolutePath().normalize());
    }

    private static Optional<TlsFiles> tls(KvmPlatformComponent.Config config) {
        Optional<Path> keys = path(config.tls$_$keystore$_$file());
        Optional<Path> password = path(config.tls$_$keystore$_$password$_$file());
        Optional<Path> authorities = path(config.tls$_$authorities$_$file());
        if (keys.isEmpty() && password.isEmpty() && authorities.isEmpty()) {
            return Optional.empty();
        }
        if (keys.isEmpty() || password.isEmpty() || authorities.isEmpty()) {
            throw new IllegalArgumentException("tls-keystore-file, tls-keystore-password-file and tls-authorities-file"
                    + " are given together or not at all");
        }
        return Optional.of(new TlsFiles(keys.get(), password.get(), authorities.get()));
    }

    private static void requireLoopback(InetSocketAddress address) {
        if (address.getAddress() == null || !address.getAddress().isLoopbackAddress()) {
            throw new IllegalArgumentException("monitors has " + address.getHostString()
                    + ", which is not this machine: whoever reaches a monitor owns the VM, so it takes TLS"
                    + " (tls-keystore-file and its fellows)");
        }
    }

    /** {@code HOST:PORT;guard=HOST:PORT;reader=HOST:PORT}, separated by commas. */
    private static List<TcpMonitor> monitors(String text) {
        List<TcpMonitor> monitors = new ArrayList<>();
        for (String entry : text.split(",", -1)) {
            if (entry.isBlank()) {
                continue;
            }
            Optional<SocketAddress> guard = Optional.empty();
            Optional<SocketAddress> reader = Optional.empty();
            String[] parts = entry.trim().split(";", -1);
            for (int i = 1; i < parts.length; i++) {
                if (parts[i].startsWith("guard=")) {
                    guard = Optional.of(address(parts[i].substring("guard=".length())));
                } else if (parts[i].startsWith("reader=")) {
                    reader = Optional.of(address(parts[i].substring("reader=".length())));
                } else {
                    throw new IllegalArgumentException(
                            "monitors has " + parts[i] + ", it must be guard=HOST:PORT or reader=HOST:PORT");
                }
            }
            monitors.add(new TcpMonitor(
                    address(parts[0]),
                    guard,
                    reader.orElseThrow(() -> new IllegalArgumentException("monitors has " + parts[0]
                            + " without reader=HOST:PORT, at which QEMU serves the disks"))));
        }
        if (monitors.size() > MAX_MONITORS) {
            throw new IllegalArgumentException("monitors has more than " + MAX_MONITORS + " entries");
        }
        return List.copyOf(monitors);
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("monitors has " + text + ", an address is HOST:PORT");
        }
        String host = text.substring(0, colon).replaceAll("^\\[|\\]$", "");
        try {
            return new InetSocketAddress(host, Integer.parseInt(text.substring(colon + 1)));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("monitors has " + text + ", a port is 1 to 65535", e);
        }
    }

    private static Duration millis(String key, int value, int least, int most) {
        return Duration.ofMillis(within(key, value, least, most));
    }

    private static int within(String key, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + " is " + value + ", it must be " + least + " to " + most);
        }
        return value;
    }

    /** Where a monitor's socket file has its fellows. */
    static SocketAddress beside(Path socket, String suffix) {
        String name = String.valueOf(socket.getFileName());
        String stem = name.substring(0, name.lastIndexOf('.'));
        return UnixDomainSocketAddress.of(socket.resolveSibling(stem + suffix));
    }
}
