package org.openvrg.https.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SettingsTest {
    private static Settings settings(String address, int port, Optional<Path> keystore, String name, int days) {
        return new Settings(
                true,
                address,
                port,
                Path.of("/x"),
                keystore,
                Optional.empty(),
                List.of(name),
                Duration.ofDays(days),
                new Settings.Limits(1, Duration.ofSeconds(1), Duration.ofSeconds(3600)));
    }

    private static String refusal(String address, int port, Optional<Path> keystore, String name, int days) {
        return assertThrows(IllegalArgumentException.class, () -> settings(address, port, keystore, name, days))
                .getMessage();
    }

    @Test
    void namesKeyValueAndRange() {
        assertEquals(
                8443, settings("::1", 8443, Optional.empty(), "a.example", 1).port());
        assertEquals(
                "port of org.openvrg.https is '65536'; it must be 1 to 65535",
                refusal("::1", 65_536, Optional.empty(), "a", 1));
        assertTrue(refusal("localhost", 1, Optional.empty(), "a", 1).contains("address of org.openvrg.https"));
        assertTrue(refusal("::1", 1, Optional.empty(), "a b", 1).contains("names of"));
        assertTrue(refusal("::1", 1, Optional.empty(), "a", 0).contains("validity-days of"));
        assertTrue(refusal("::1", 1, Optional.of(Path.of("/k")), "a", 1).contains("keystore-password-file of"));
        assertThrows(
                IllegalArgumentException.class,
                () -> new Settings.Limits(0, Duration.ofSeconds(1), Duration.ofSeconds(1)));
        assertThrows(
                IllegalArgumentException.class, () -> new Settings.Limits(1, Duration.ZERO, Duration.ofSeconds(1)));
    }

    @Test
    void knowsAddressesWithoutLookingThemUp() {
        for (String address : List.of("127.0.0.1", "0.0.0.0", "::", "2001:db8::1", "::ffff:192.0.2.1")) {
            assertTrue(Settings.isIp(address), address);
        }
        for (String name : List.of("", "localhost", "256.1.1.1", "1.2.3", "abc", "fe80::1%eth0")) {
            assertFalse(Settings.isIp(name), name);
        }
    }
}
