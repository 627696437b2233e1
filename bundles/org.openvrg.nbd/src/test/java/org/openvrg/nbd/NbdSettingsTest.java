package org.openvrg.nbd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class NbdSettingsTest {
    @Test
    void copiesWhatIsRight() {
        NbdSettings settings = NbdSettings.parse(
                "::1", 10809, "required", "10.0.0.0/8, fd00::/16 ,192.0.2.1", "AB:" + "cd".repeat(31), 5);
        assertEquals(TlsMode.REQUIRED, settings.tls());
        assertEquals(List.of("10.0.0.0/8", "fd00::/16", "192.0.2.1"), settings.allow());
        assertEquals(List.of("ab" + "cd".repeat(31)), settings.clientFingerprints());
        assertEquals(5, settings.limits().connections());
    }

    @Test
    void namesTheKeyThatIsWrong() {
        refused("address", () -> NbdSettings.parse("localhost", 1, "off", "", "", 1));
        refused("port", () -> NbdSettings.parse("127.0.0.1", 65_536, "off", "", "", 1));
        refused("tls", () -> NbdSettings.parse("127.0.0.1", 1, "on", "", "", 1));
        refused("allow", () -> NbdSettings.parse("127.0.0.1", 1, "off", "10.0.0.0/33", "", 1));
        refused("allow", () -> NbdSettings.parse("127.0.0.1", 1, "off", "example.org", "", 1));
        refused("tls-client-fingerprints", () -> NbdSettings.parse("127.0.0.1", 1, "required", "", "12", 1));
        refused("tls-client-fingerprints", () -> NbdSettings.parse("127.0.0.1", 1, "off", "", "ab".repeat(32), 1));
        refused("max-connections", () -> NbdSettings.parse("127.0.0.1", 1, "off", "", "", 0));
    }

    private static void refused(String key, Runnable parse) {
        String message =
                assertThrows(IllegalArgumentException.class, parse::run).getMessage();
        assertTrue(message.startsWith(key + ":"), message);
    }
}
