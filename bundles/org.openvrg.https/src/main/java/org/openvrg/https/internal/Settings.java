package org.openvrg.https.internal;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Checked configuration of HTTPS and of the limits of the web server.
 *
 * @param enabled whether HTTPS is served
 * @param address IP literal to listen on
 * @param port 1..65535
 * @param directory where the certificate that is made here is kept
 * @param keystore PKCS#12 file of the operator; empty: the certificate is made here
 * @param keystorePassword file with the password of that file
 * @param names further DNS names and IP literals in a certificate that is made here
 * @param validity how long a certificate that is made here holds
 * @param limits of HTTP and HTTPS
 */
record Settings(
        boolean enabled,
        String address,
        int port,
        Path directory,
        Optional<Path> keystore,
        Optional<Path> keystorePassword,
        List<String> names,
        Duration validity,
        Limits limits) {
    private static final String PID = "org.openvrg.https";
    private static final int MAX_PORT = 65_535;
    private static final int MAX_VALIDITY_DAYS = 36_500;
    private static final int MAX_NAMES = 32;
    private static final int OCTET_MAX = 255;
    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
    private static final Pattern DNS_NAME =
            Pattern.compile("(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\\.[A-Za-z0-9_-]{1,63})*");

    /**
     * Limits of each of the two ports.
     *
     * @param connections open at once
     * @param idle silence after which a connection is closed
     * @param request longest time from the first byte of a request to its last
     */
    record Limits(int connections, Duration idle, Duration request) {
        private static final int MAX_CONNECTIONS = 10_000;
        private static final int MAX_SECONDS = 3_600;

        Limits {
            require(connections >= 1 && connections <= MAX_CONNECTIONS, "max-connections", connections, "1 to 10000");
            requireSeconds("idle-timeout-seconds", idle);
            requireSeconds("request-timeout-seconds", request);
        }

        private static void requireSeconds(String key, Duration value) {
            long seconds = value.toSeconds();
            require(seconds >= 1 && seconds <= MAX_SECONDS, key, seconds, "1 to 3600");
        }
    }

    Settings {
        require(isIp(address), "address", address, "an IP address");
        require(port >= 1 && port <= MAX_PORT, "port", port, "1 to 65535");
        long days = validity.toDays();
        require(days >= 1 && days <= MAX_VALIDITY_DAYS, "validity-days", days, "1 to 36500");
        require(names.size() <= MAX_NAMES, "names", names.size() + " names", "at most 32 names");
        for (String name : names) {
            require(isIp(name) || isName(name), "names", name, "DNS names and IP addresses");
        }
        require(
                keystore.isEmpty() || keystorePassword.isPresent(),
                "keystore-password-file",
                "",
                "the path of a file with the password of keystore-file");
    }

    /** Reads the configuration; absent texts are empty. */
    static Settings of(HttpsComponent.Config config) {
        return new Settings(
                config.enabled(),
                config.address().strip(),
                config.port(),
                path("directory", config.directory())
                        .orElseThrow(() -> new IllegalArgumentException(text("directory", "", "the path of a folder"))),
                path("keystore-file", config.keystore$_$file()),
                path("keystore-password-file", config.keystore$_$password$_$file()),
                Arrays.stream(config.names().split(","))
                        .map(String::strip)
                        .filter(name -> !name.isEmpty())
                        .toList(),
                Duration.ofDays(config.validity$_$days()),
                new Limits(
                        config.max$_$connections(),
                        Duration.ofSeconds(config.idle$_$timeout$_$seconds()),
                        Duration.ofSeconds(config.request$_$timeout$_$seconds())));
    }

    /** Whether a text is an IP literal; nothing is looked up. */
    static boolean isIp(String text) {
        if (IPV4.matcher(text).matches()) {
            return Arrays.stream(text.split("\\.")).allMatch(octet -> Integer.parseInt(octet) <= OCTET_MAX);
        }
        return IPV6.matcher(text).matches();
    }

    /** Whether a text has the form of a DNS name. */
    static boolean isName(String text) {
        return DNS_NAME.matcher(text).matches();
    }

    private static Optional<Path> path(String key, String value) {
        if (value == null || value.isBlank()) {
            return Optional.empty();
        }
        try {
            return Optional.of(Path.of(value.strip()).toAbsolutePath());
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(text(key, value, "the path of a file"), e);
        }
    }

    private static void require(boolean holds, String key, Object value, String range) {
        if (!holds) {
            throw new IllegalArgumentException(text(key, value, range));
        }
    }

    private static String text(String key, Object value, String range) {
        return key + " of " + PID + " is '" + value + "'; it must be " + range;
    }
}
