package org.openvrg.platform.xen;

import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.openvrg.qemu.guard.Endpoint;
import org.openvrg.qemu.qmp.QmpAddress;

/**
 * How a Xen host is reached.
 *
 * @param name what messages and files call it
 * @param command words that come before a command so that it runs in dom0; none where the gateway itself is in dom0
 * @param monitor path in dom0 of the monitor of a domain's QEMU, with {@value #DOMAIN_ID} for the domain's number
 * @param guardMonitor the same for another monitor of that QEMU, which the guard takes; none where there is no guard
 * @param socketFolder folder for sockets through which disks are read, in dom0 and, where that is another machine, here
 * @param poll pause between two looks at the host's domains
 */
public record HostSettings(
        String name,
        List<String> command,
        String monitor,
        Optional<String> guardMonitor,
        Path socketFolder,
        Duration poll) {
    /** Stands for the number of a domain. */
    public static final String DOMAIN_ID = "{domid}";
    /** QEMU's second monitor of every domain; the first one is libxl's own, and each serves one client at a time. */
    public static final String DEFAULT_MONITOR = "/var/run/xen/qmp-libxenstat-" + DOMAIN_ID;

    /** libxl's own monitor, which it needs for guests without emulated devices only while it makes them. */
    public static final String LIBXL_MONITOR = "/var/run/xen/qmp-libxl-" + DOMAIN_ID;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,32}");
    /** What a shell takes as it is: a remote command passes one. */
    private static final Pattern PATH = Pattern.compile("/[A-Za-z0-9@%_+=:,./-]*");

    private static final int MAX_SOCKET_FOLDER = 60;
    private static final long MIN_POLL_MILLIS = 200;
    private static final long MAX_POLL_MILLIS = 60_000;

    /** Checks everything. */
    public HostSettings {
        command = List.copyOf(command);
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("name is '" + name + "', it must be 1 to 32 of A-Z a-z 0-9 . _ -");
        }
        checkMonitor("qmp-socket", monitor);
        guardMonitor.ifPresent(path -> checkMonitor("guard-socket", path));
        if (guardMonitor.equals(Optional.of(monitor))) {
            throw new IllegalArgumentException("guard-socket is '" + monitor
                    + "' like qmp-socket, it must be another one: a monitor serves one client");
        }
        String folder = socketFolder.toString();
        if (!PATH.matcher(folder).matches() || folder.length() > MAX_SOCKET_FOLDER) {
            throw new IllegalArgumentException(
                    "socket-folder is '" + folder + "', it must be an absolute path of letters,"
                            + " digits and @%_+=:,./- of at most " + MAX_SOCKET_FOLDER + " characters");
        }
        if (poll.toMillis() < MIN_POLL_MILLIS || poll.toMillis() > MAX_POLL_MILLIS) {
            throw new IllegalArgumentException(
                    "poll-millis is " + poll.toMillis() + ", it must be " + MIN_POLL_MILLIS + " to " + MAX_POLL_MILLIS);
        }
    }

    private static void checkMonitor(String key, String path) {
        if (!path.contains(DOMAIN_ID)
                || !PATH.matcher(path.replace(DOMAIN_ID, "0")).matches()) {
            throw new IllegalArgumentException(key + " is '" + path + "', it must be an absolute path of letters,"
                    + " digits and @%_+=:,./- with " + DOMAIN_ID + " where the domain's number is");
        }
    }

    /** Cuts a configured command into its words; there is no quoting. */
    static List<String> words(String command) {
        return command.isBlank() ? List.of() : List.of(command.trim().split("\\s+"));
    }

    /** Whether dom0 is another machine. */
    boolean remote() {
        return !command.isEmpty();
    }

    /** The words that connect their standard input and output to a Unix domain socket in dom0. */
    List<String> connectTo(String socket) {
        return java.util.stream.Stream.concat(
                        command.stream(), java.util.stream.Stream.of("socat", "-", "UNIX-CONNECT:" + socket))
                .toList();
    }

    /** Where the monitor of a domain's QEMU is. */
    QmpAddress monitorOf(int domain) {
        String path = monitor.replace(DOMAIN_ID, Integer.toString(domain));
        return remote() ? QmpAddress.command(name + "-" + domain, connectTo(path)) : QmpAddress.unix(Path.of(path));
    }

    /** Where the guard's monitor of a domain's QEMU is, as an {@link Endpoint}. */
    Optional<String> guardOf(int domain) {
        return guardMonitor
                .map(path -> path.replace(DOMAIN_ID, Integer.toString(domain)))
                .map(path -> remote()
                        ? Endpoint.format(connectTo(path))
                        : Endpoint.format(UnixDomainSocketAddress.of(path)));
    }

    /** Where the disks of a domain are read. */
    Path readerOf(int domain) {
        return socketFolder.resolve(name + "-" + domain + ".nbd");
    }
}
