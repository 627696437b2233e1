package org.openvrg.replication.internal.production;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.JournalException;
import org.openvrg.replication.internal.machine.ProductionMachine.Saved;

class ModeFileTest {
    private static final UUID BOOT = UUID.randomUUID();
    private static final Saved SAVED = new Saved(true, true, false, 12, 5);

    private static ModeFile open(Path folder, UUID boot) throws JournalException {
        return ModeFile.open(folder.resolve("live/mode"), folder.resolve("kept/mode"), boot);
    }

    @Test
    void isFoundAgainWithoutAnySync(@TempDir Path folder) throws Exception {
        try (ModeFile mode = open(folder, BOOT)) {
            assertTrue(mode.fresh());
            assertEquals(Saved.NEW, mode.found());
            mode.recovered(SAVED);
            mode.redoMark(77);
        }
        try (ModeFile mode = open(folder, BOOT)) {
            assertEquals(SAVED, mode.found());
            assertTrue(mode.sameBoot());
            assertFalse(mode.fresh());
            assertEquals(77, mode.redoMark());
        }
    }

    @Test
    void tellsAPowerLossByTheBootId(@TempDir Path folder) throws Exception {
        try (ModeFile mode = open(folder, BOOT)) {
            mode.recovered(SAVED);
        }
        try (ModeFile mode = open(folder, UUID.randomUUID())) {
            assertEquals(SAVED, mode.found());
            assertFalse(mode.sameBoot());
        }
    }

    @Test
    void captureThatStoppedIsNeverFoundAsCapturing(@TempDir Path folder) throws Exception {
        try (ModeFile mode = open(folder, BOOT)) {
            mode.recovered(SAVED);
            mode.noteCaptureStopped();
        }
        try (ModeFile mode = open(folder, BOOT)) {
            assertFalse(mode.found().capturing());
        }
    }

    @Test
    void aFileThatWasLostOnOneSideMeansThatNothingIsKnown(@TempDir Path folder) throws Exception {
        try (ModeFile mode = open(folder, BOOT)) {
            mode.recovered(SAVED);
        }
        Files.delete(folder.resolve("live/mode"));
        try (ModeFile mode = open(folder, BOOT)) {
            assertEquals(Saved.NEW, mode.found(), "of this boot, so that memory should have it");
            assertFalse(mode.sameBoot());
            mode.recovered(SAVED);
        }
        Files.delete(folder.resolve("live/mode"));
        try (ModeFile mode = open(folder, UUID.randomUUID())) {
            assertEquals(SAVED, mode.found(), "after a power loss");
        }
        Files.delete(folder.resolve("kept/mode"));
        try (ModeFile mode = open(folder, BOOT)) {
            assertTrue(mode.fresh());
            assertEquals(Saved.NEW, mode.found());
        }
    }

    @Test
    void settingAValueNeverWaitsForTheDisk(@TempDir Path folder) throws Exception {
        List<Runnable> disk = new ArrayList<>();
        try (ModeFile mode = open(folder, BOOT)) {
            mode.recovered(SAVED);
            CompletableFuture<Void> first = mode.persist(disk::add);
            mode.noteCaptureStopped();
            assertSame(first, mode.persist(disk::add), "one that has not begun covers what is set now");
            assertFalse(first.isDone());
            assertEquals(1, disk.size());
            disk.get(0).run();
            assertTrue(first.isDone());
            assertTrue(mode.persist(disk::add).isDone(), "nothing is left to write");
            assertEquals(1, disk.size());
            byte[] live = Files.readAllBytes(folder.resolve("live/mode"));
            assertArrayEquals(live, Files.readAllBytes(folder.resolve("kept/mode")));
        }
    }

    @Test
    void everyFlippedByteOfAValueIsNoticed(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("live/mode");
        try (ModeFile mode = open(folder, BOOT)) {
            mode.recovered(SAVED);
        }
        byte[] good = Files.readAllBytes(file);
        for (int i = 0; i < 32; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 0x10;
            Files.write(file, bad);
            try (ModeFile mode = open(folder, BOOT)) {
                assertEquals(Saved.NEW, mode.found(), "byte " + i);
            }
        }
    }

    @Test
    void startThatIsBrokenOffDoesNotHideThePowerLoss(@TempDir Path folder) throws Exception {
        try (ModeFile mode = open(folder, UUID.randomUUID())) {
            mode.recovered(SAVED);
        }
        Files.delete(folder.resolve("live/mode"));
        open(folder, BOOT).close();
        try (ModeFile mode = open(folder, BOOT)) {
            assertFalse(mode.sameBoot());
            assertEquals(SAVED, mode.found());
        }
    }

    @Test
    void journalIsOwedUntilTheVolumesAreFlushed(@TempDir Path folder) throws Exception {
        try (ModeFile mode = open(folder, BOOT)) {
            mode.recovered(Saved.NEW);
            mode.noteCaptureStarted(3, 0);
            mode.noteVolumesFlushed(mode.owedNow());
            mode.noteCaptureStopped();
        }
        try (ModeFile mode = open(folder, BOOT)) {
            assertEquals(3, mode.owedEpoch(), "a flush of volumes under capture covers nothing that comes after it");
            mode.recovered(mode.found());
            mode.noteVolumesFlushed(2);
            assertEquals(3, mode.owedNow(), "they were flushed before the epoch began");
            mode.noteVolumesFlushed(3);
        }
        try (ModeFile mode = open(folder, BOOT)) {
            assertEquals(0, mode.owedEpoch());
        }
    }

    @Test
    void whatThePowerLossLeftIsOwedToo(@TempDir Path folder) throws Exception {
        try (ModeFile mode = open(folder, UUID.randomUUID())) {
            mode.recovered(Saved.NEW);
            mode.noteCaptureStarted(3, 0);
            mode.sync();
        }
        Files.delete(folder.resolve("live/mode"));
        try (ModeFile mode = open(folder, BOOT)) {
            assertEquals(3, mode.owedEpoch());
            assertFalse(mode.sameBoot());
        }
    }
}
