package org.openvrg.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.JournalException.Kind;

class ActivityLogTest {
    private static final long EXTENT = ActivityLog.EXTENT_BYTES;
    private static final long VOLUME = 200 * EXTENT + 512;

    @TempDir(factory = MemoryDirectory.class)
    Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("activity");
    }

    private static BitSet bits(int... set) {
        BitSet bits = new BitSet();
        for (int bit : set) {
            bits.set(bit);
        }
        return bits;
    }

    @Test
    void extentsStayHotUntilTheirNewestWriteIsDurable() throws Exception {
        try (ActivityLog log = ActivityLog.open(file, VOLUME)) {
            log.touch(EXTENT - 1, 2, 1);
            log.touch(200 * EXTENT, 512, 2);
            log.touch(0, 1, 5);
            log.touch(0, 1, 4);
            assertEquals(bits(0, 1, 200), log.extents());
            log.release(1);
            assertEquals(bits(0, 200), log.extents());
            log.release(4);
            assertEquals(bits(0), log.extents());
            log.touch(EXTENT, 1, 6);
            log.release(5);
            assertEquals(1, log.hotExtents());
        }
        try (ActivityLog log = ActivityLog.open(file, VOLUME)) {
            assertEquals(bits(1), log.extents());
            assertFalse(log.wasDamaged());
        }
    }

    @Test
    void extentsOfTheLastRunWaitForASequenceOrForClearing() throws Exception {
        try (ActivityLog log = ActivityLog.open(file, VOLUME)) {
            log.touch(0, 3 * EXTENT, 1);
        }
        try (ActivityLog log = ActivityLog.open(file, VOLUME)) {
            log.touch(0, 1, 2);
            log.touch(9 * EXTENT, 1, 3);
            log.release(Long.MAX_VALUE - 1);
            assertEquals(bits(0, 1, 2), log.extents());
            log.adoptRecovered(10);
            log.release(9);
            assertEquals(3, log.hotExtents());
            log.release(10);
            assertEquals(0, log.hotExtents());
        }
        try (ActivityLog log = ActivityLog.open(file, VOLUME)) {
            log.touch(0, VOLUME, 1);
        }
        try (ActivityLog log = ActivityLog.open(file, VOLUME)) {
            assertEquals(201, log.hotExtents());
            log.clearAll();
        }
        try (ActivityLog log = ActivityLog.open(file, VOLUME)) {
            assertEquals(0, log.hotExtents());
        }
    }

    @Test
    void aDamagedFileHasEveryExtentSet() throws Exception {
        for (int at = 0; at < 30; at++) {
            Files.deleteIfExists(file);
            ActivityLog.open(file, VOLUME).close();
            byte[] bytes = Files.readAllBytes(file);
            bytes[at] ^= 4;
            Files.write(file, bytes);
            try (ActivityLog log = ActivityLog.open(file, VOLUME)) {
                assertTrue(log.wasDamaged());
                assertEquals(201, log.hotExtents());
            }
        }
    }

    @Test
    void threadsShareTheFile() throws Exception {
        try (ActivityLog log = ActivityLog.open(file, VOLUME)) {
            List<CompletableFuture<Void>> threads = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                int start = thread;
                threads.add(CompletableFuture.runAsync(() -> {
                    try {
                        for (int extent = start; extent < 200; extent += 4) {
                            log.touch(extent * EXTENT, 1, extent + 1);
                            log.release(20);
                        }
                    } catch (JournalException e) {
                        throw new AssertionError(e);
                    }
                }));
            }
            for (CompletableFuture<Void> thread : threads) {
                thread.get(30, TimeUnit.SECONDS);
            }
            assertEquals(180, log.hotExtents());
        }
        try (ActivityLog log = ActivityLog.open(file, VOLUME)) {
            assertEquals(180, log.hotExtents());
            assertEquals(20, log.extents().nextSetBit(0));
        }
    }

    @Test
    void refusesRangesOutsideAndUseAfterClose() throws Exception {
        ActivityLog log = ActivityLog.open(file, VOLUME);
        assertThrows(IllegalArgumentException.class, () -> log.touch(VOLUME, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> log.touch(-1, 1, 1));
        log.touch(0, 0, 1);
        assertEquals(0, log.hotExtents());
        log.close();
        Records.assertKind(Kind.FAILED, () -> log.touch(0, 1, 1));
    }
}
