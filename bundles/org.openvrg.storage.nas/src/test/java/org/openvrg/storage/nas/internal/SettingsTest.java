package org.openvrg.storage.nas.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SettingsTest {
    @Test
    void theFolderIsBelowTheMountPoint() {
        Settings settings = Settings.of("", "/mnt/a/", "s:/e", "vms/x", false, "s:/e, t:/f/g", "/o", 30, 64);
        assertEquals(Optional.of(Path.of("/mnt/a")), settings.mountPoint());
        assertEquals(Optional.of(Path.of("/mnt/a/vms/x")), settings.folder());
        assertEquals(List.of("s:/e", "t:/f/g"), settings.exports());
        assertEquals(
                Optional.of(Path.of("/mnt/a")),
                Settings.of("", "/mnt/a", "", "", false, "", "", 30, 64).folder());
    }

    @Test
    void badValuesAreNamedWithTheirKey() {
        refused("mount-point", "", "", "", "", 30, 64);
        refused("mount-point", "mnt", "", "", "", 30, 64);
        refused("folder", "/mnt", "../x", "", "", 30, 64);
        refused("folder", "/mnt", "/x", "", "", 30, 64);
        refused("exports", "", "", "server", "/o", 30, 64);
        refused("exports", "", "", "s:/e?x", "/o", 30, 64);
        refused("owner-directory", "", "", "s:/e", "", 30, 64);
        refused("call-timeout-seconds", "/mnt", "", "", "", 0, 64);
        refused("max-threads", "/mnt", "", "", "", 30, 3);
    }

    private static void refused(
            String key, String mount, String folder, String exports, String owners, int timeout, int threads) {
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class,
                () -> Settings.of("", mount, "", folder, false, exports, owners, timeout, threads));
        assertTrue(refused.getMessage().contains(key), refused.getMessage());
    }
}
