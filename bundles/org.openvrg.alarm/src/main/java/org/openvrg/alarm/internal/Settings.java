package org.openvrg.alarm.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How alarms are sent, checked.
 *
 * @param security community of v2c, or user of v3
 * @param inform whether the server has to acknowledge
 * @param timeout for an acknowledgement
 * @param retry pause before the next attempt
 * @param expiry time after which a notification is not sent any more
 * @param queueLimit most notifications that wait
 * @param confirm time after a start in which an alarm from before has to be confirmed
 */
record Settings(
        Security security,
        boolean inform,
        Duration timeout,
        Duration retry,
        Duration expiry,
        int queueLimit,
        Duration confirm) {
    private static final String PID = "org.openvrg.alarm: ";
    private static final int MAX_SECRET_BYTES = 256;
    private static final int MAX_USER_CHARACTERS = 32; // RFC 3414, 5: msgUserName
    private static final int MIN_PASSWORD_CHARACTERS = 8; // RFC 3414, 11.2

    /** Of which version of SNMP, and with which secrets. */
    sealed interface Security {}

    /** SNMPv2c. */
    record Community(Secret name) implements Security {}

    /** SNMPv3, authPriv: SHA-256 and AES-128. */
    record User(String name, Secret authPassword, Secret privacyPassword) implements Security {}

    /**
     * Checks the configured values and reads the secrets.
     *
     * @throws IllegalArgumentException names the key, its value unless it is secret, and what would be right
     */
    static Settings of(Config config) {
        Security security =
                switch (config.version().strip()) {
                    case "v2c" -> community(config);
                    case "v3" -> user(config);
                    default -> throw wrong("version", config.version(), "v2c or v3");
                };
        boolean inform =
                switch (config.notification().strip()) {
                    case "inform" -> true;
                    case "trap" -> false;
                    default -> throw wrong("notification", config.notification(), "inform or trap");
                };
        return new Settings(
                security,
                inform,
                Duration.ofMillis(number("timeout-millis", config.timeout$_$millis(), 100, 60_000)),
                Duration.ofMillis(number("retry-millis", config.retry$_$millis(), 100, 3_600_000)),
                Duration.ofSeconds(number("expiry-seconds", config.expiry$_$seconds(), 10, 2_592_000)),
                (int) number("queue-limit", config.queue$_$limit(), 100, 100_000),
                Duration.ofSeconds(number("confirm-seconds", config.confirm$_$seconds(), 5, 86_400)));
    }

    private static Community community(Config config) {
        Optional<Secret> fromFile = secret("community-file", config.community$_$file());
        Secret name = fromFile.orElseGet(() -> new Secret(config.community().strip()));
        if (name.value().isEmpty() || name.bytes().length > MAX_SECRET_BYTES) {
            throw new IllegalArgumentException(
                    PID + "community is missing or too long; v2c needs 1 to " + MAX_SECRET_BYTES + " bytes");
        }
        return new Community(name);
    }

    private static User user(Config config) {
        String name = config.user().strip();
        if (name.isEmpty() || name.length() > MAX_USER_CHARACTERS) {
            throw wrong("user", name, "1 to " + MAX_USER_CHARACTERS + " characters");
        }
        return new User(
                name,
                password("auth-password-file", config.auth$_$password$_$file()),
                password("privacy-password-file", config.privacy$_$password$_$file()));
    }

    private static Secret password(String key, String file) {
        Secret password =
                secret(key, file).orElseThrow(() -> wrong(key, file, "a file with the password; v3 needs it"));
        if (password.value().length() < MIN_PASSWORD_CHARACTERS) {
            throw wrong(key, file, "a file with a password of at least " + MIN_PASSWORD_CHARACTERS + " characters");
        }
        return password;
    }

    /** The content of a file, without what ends its last line; empty where no file is named. */
    private static Optional<Secret> secret(String key, String file) {
        if (file.isBlank()) {
            return Optional.empty();
        }
        try {
            Path path = Path.of(file.strip());
            if (!Files.isRegularFile(path) || Files.size(path) > MAX_SECRET_BYTES) {
                throw wrong(key, file, "a file of at most " + MAX_SECRET_BYTES + " bytes");
            }
            return Optional.of(
                    new Secret(Files.readString(path, StandardCharsets.UTF_8).replaceFirst("\\R+\\z", "")));
        } catch (IOException | InvalidPathException e) {
            throw new IllegalArgumentException(PID + key + " = " + file + " can't be read", e);
        }
    }

    private static long number(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw wrong(key, Long.toString(value), least + " to " + most);
        }
        return value;
    }

    private static IllegalArgumentException wrong(String key, String value, String right) {
        return new IllegalArgumentException(PID + key + " = " + value + " is not valid; it is " + right);
    }
}
