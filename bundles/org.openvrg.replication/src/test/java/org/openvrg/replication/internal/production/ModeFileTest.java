package org.openvrg.replication.internal.production;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.replication.internal.machine.ProductionMachine.Saved;

class ModeFileTest {
    private static final UUID BOOT = UUID.randomUUID();
    private static final Saved SAVED = new Saved(true, true, false, 12, 5);

    @Test
    void isFoundAgainWithoutAnySync(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("mode");
        try (ModeFile mode = ModeFile.open(file, BOOT)) {
            assertTrue(mode.fresh());
            assertEquals(Saved.NEW, mode.found());
            mode.save(SAVED);
            mode.redoMark(77);
        }
        try (ModeFile mode = ModeFile.open(file, BOOT)) {
            assertEquals(SAVED, mode.found());
            assertTrue(mode.sameBoot());
            assertFalse(mode.fresh());
            assertEquals(77, mode.redoMark());
        }
    }

    @Test
    void tellsAPowerLossByTheBootId(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("mode");
        try (ModeFile mode = ModeFile.open(file, BOOT)) {
            mode.save(SAVED);
        }
        try (ModeFile mode = ModeFile.open(file, UUID.randomUUID())) {
            assertEquals(SAVED, mode.found());
            assertFalse(mode.sameBoot());
        }
    }

    @Test
    void captureThatStoppedIsNeverFoundAsCapturing(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("mode");
        try (ModeFile mode = ModeFile.open(file, BOOT)) {
            mode.save(SAVED);
            mode.noteCaptureStopped();
        }
        try (ModeFile mode = ModeFile.open(file, BOOT)) {
            assertFalse(mode.found().capturing());
        }
    }

    @Test
    void everyFlippedByteOfAValueIsNoticed(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("mode");
        try (ModeFile mode = ModeFile.open(file, BOOT)) {
            mode.save(SAVED);
        }
        byte[] good = Files.readAllBytes(file);
        for (int i = 0; i < 32; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 0x10;
            Files.write(file, bad);
            try (ModeFile mode = ModeFile.open(file, BOOT)) {
                assertEquals(Saved.NEW, mode.found(), "byte " + i);
            }
        }
    }
}
