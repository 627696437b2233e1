package org.openvrg.storage.lunpome.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SettingsTest {
    private static final String IQN = "iqn.2026-01.org.example:host";

    @Test
    void listsAreSeparatedByCommas() {
        Settings settings = Settings.of(
                "",
                "/dev/mapper, /dev/vg0/",
                "",
                false,
                "192.0.2.1:3260,[2001:db8::1]:3260",
                IQN,
                "",
                "",
                "/o",
                30,
                64);
        assertEquals(List.of(Path.of("/dev/mapper"), Path.of("/dev/vg0")), settings.devices());
        assertEquals(List.of("192.0.2.1:3260", "[2001:db8::1]:3260"), settings.portals());
        assertTrue(settings.chap().isEmpty());
    }

    @Test
    void badValuesAreNamedWithTheirKey() {
        refused("devices", "", "", "", "", "", "");
        refused("devices", "mapper", "", "", "", "", "/o");
        refused("owner-directory", "/dev/mapper", "", "", "", "", "");
        refused("portals", "", "192.0.2.1", IQN, "", "", "/o");
        refused("portals", "", "192.0.2.1:1/x", IQN, "", "", "/o");
        refused("initiator-name", "", "192.0.2.1:3260", "", "", "", "/o");
        refused("chap-secret-file", "", "192.0.2.1:3260", IQN, "user", "", "/o");
        refused("chap-user", "", "192.0.2.1:3260", IQN, "", "/s", "/o");
    }

    private static void refused(
            String key, String devices, String portals, String initiator, String user, String secret, String owners) {
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class,
                () -> Settings.of("", devices, "", false, portals, initiator, user, secret, owners, 30, 64));
        assertTrue(refused.getMessage().contains(key), refused.getMessage());
    }
}
