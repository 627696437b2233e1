package org.openvrg.storage.dsware.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
    @Test
    void listsAreSeparatedByCommas() {
        Settings settings =
                Settings.of(" urn ", "192.0.2.1, 192.0.2.2", "[2001:db8::1]:3300,mon", "1=a, 2 =b", "vrg", "/k", true);
        assertEquals("urn", settings.dsUrn());
        assertEquals(List.of("192.0.2.1", "192.0.2.2"), settings.managementAddresses());
        assertEquals(List.of("[2001:db8::1]:3300", "mon"), settings.monitors());
        assertEquals(Map.of("1", "a", "2", "b"), settings.pools());
    }

    @Test
    void badValuesAreNamedWithTheirKey() {
        refused("monitors", "", "1=a", "vrg", "/k");
        refused("monitors", "a\nkeyring = /x", "1=a", "vrg", "/k");
        refused("pools", "mon", "", "vrg", "/k");
        refused("pools", "mon", "a", "vrg", "/k");
        refused("pools", "mon", "1=a/b", "vrg", "/k");
        refused("user", "mon", "1=a", "", "/k");
        refused("user", "mon", "1=a", "--x", "/k");
        refused("key-file", "mon", "1=a", "vrg", "key");
    }

    private static void refused(String key, String monitors, String pools, String user, String keyFile) {
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class, () -> Settings.of("", "", monitors, pools, user, keyFile, false));
        assertTrue(refused.getMessage().contains(key), refused.getMessage());
    }
}
