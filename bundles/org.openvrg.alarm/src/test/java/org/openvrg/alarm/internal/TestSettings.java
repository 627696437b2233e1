package org.openvrg.alarm.internal;

import java.nio.file.Path;
import java.time.Duration;

/** Settings with short times. */
final class TestSettings {
    static final String COMMUNITY = "a-community";
    static final String USER = "vrg-user";
    static final String AUTH_PASSWORD = "auth-password-of-a-test";
    static final String PRIVACY_PASSWORD = "privacy-password-of-a-test";
    static final Path MIB = Path.of("../../docs/mib");

    static final Settings.Security V2C = new Settings.Community(new Secret(COMMUNITY));
    static final Settings.Security V3 =
            new Settings.User(USER, new Secret(AUTH_PASSWORD), new Secret(PRIVACY_PASSWORD));

    private TestSettings() {}

    static Settings of(Settings.Security security, boolean inform) {
        return new Settings(
                security,
                inform,
                Duration.ofSeconds(2),
                Duration.ofMillis(100),
                Duration.ofHours(1),
                1_000,
                Duration.ofMinutes(10));
    }

    static Settings withExpiry(Duration expiry) {
        Settings plain = of(V2C, true);
        return new Settings(
                V2C, true, Duration.ofMillis(100), plain.retry(), expiry, plain.queueLimit(), plain.confirm());
    }

    static Settings withConfirm(Duration confirm) {
        Settings plain = of(V2C, true);
        return new Settings(V2C, true, plain.timeout(), plain.retry(), plain.expiry(), plain.queueLimit(), confirm);
    }
}
