package org.openvrg.network.internal;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Checked configuration of the network bundle.
 *
 * @param managementInterface name of the interface of the management network
 * @param hostInterface of the one to the hypervisor hosts
 * @param peerInterface of the one to the gateway at the other site
 * @param directory where a change under way is noted
 * @param confirmSeconds how long a change waits for its call
 * @param ip path of iproute2's program
 * @param persistence which network manager keeps the management interface
 * @param networkdDirectory folder of its {@code .network} files
 * @param networkdState folder in which it notes what it manages
 * @param networkctl path of the program that makes it read its files; empty: it is not told
 * @param ifupdownFile main file of ifupdown
 */
record Settings(
        String managementInterface,
        String hostInterface,
        String peerInterface,
        Path directory,
        int confirmSeconds,
        String ip,
        Manager persistence,
        Path networkdDirectory,
        Path networkdState,
        Optional<String> networkctl,
        Path ifupdownFile) {
    private static final String PID = "org.openvrg.network: ";
    private static final int SHORTEST_CONFIRM_SECONDS = 5;
    private static final int LONGEST_CONFIRM_SECONDS = 3600;
    /** The kernel's limit is 15 bytes; the characters are those that no file name or configuration file minds. */
    private static final Pattern INTERFACE = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,14}");

    /** Network managers. */
    enum Manager {
        /** The one that is there. */
        AUTO,
        /** systemd-networkd. */
        NETWORKD,
        /** ifupdown. */
        IFUPDOWN
    }

    /**
     * Checks the configured values.
     *
     * @throws IllegalArgumentException names the key, its value and what would be right
     */
    static Settings of(Config config) {
        String management = interfaceName("management-interface", config.management$_$interface());
        int seconds = config.confirm$_$seconds();
        if (seconds < SHORTEST_CONFIRM_SECONDS || seconds > LONGEST_CONFIRM_SECONDS) {
            throw new IllegalArgumentException(PID + "confirm-seconds = " + seconds + " is not "
                    + SHORTEST_CONFIRM_SECONDS + " to " + LONGEST_CONFIRM_SECONDS);
        }
        String networkctl = config.networkctl$_$command().strip();
        return new Settings(
                management,
                orManagement("host-interface", config.host$_$interface(), management),
                orManagement("peer-interface", config.peer$_$interface(), management),
                path("directory", config.directory()),
                seconds,
                path("ip-command", config.ip$_$command()).toString(),
                manager(config.persistence()),
                path("networkd-directory", config.networkd$_$directory()),
                path("networkd-state-directory", config.networkd$_$state$_$directory()),
                networkctl.isEmpty()
                        ? Optional.empty()
                        : Optional.of(path("networkctl-command", networkctl).toString()),
                path("ifupdown-file", config.ifupdown$_$file()));
    }

    private static Manager manager(String text) {
        for (Manager manager : Manager.values()) {
            if (manager.name().toLowerCase(Locale.ROOT).equals(text.strip())) {
                return manager;
            }
        }
        throw new IllegalArgumentException(PID + "persistence = " + text + " is not auto, networkd or ifupdown");
    }

    private static String orManagement(String key, String value, String management) {
        return value.isBlank() ? management : interfaceName(key, value);
    }

    private static String interfaceName(String key, String value) {
        String name = value.strip();
        if (!INTERFACE.matcher(name).matches()) {
            throw new IllegalArgumentException(PID + key + " = " + value
                    + " is not the name of a network interface: 1 to 15 letters, digits, '.', '_', '-'");
        }
        return name;
    }

    private static Path path(String key, String value) {
        try {
            Path path = Path.of(value.strip());
            if (path.isAbsolute()) {
                return path;
            }
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(PID + key + " = " + value + " is not a path", e);
        }
        throw new IllegalArgumentException(PID + key + " = " + value + " is not an absolute path");
    }
}
