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
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DirtyBitmapTest {
    private static final int BLOCK = DirtyBitmap.DEFAULT_BLOCK_BYTES;
    private static final long VOLUME = 1000L * BLOCK + 1;

    @TempDir(factory = MemoryDirectory.class)
    Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("bitmap");
    }

    @Test
    void marksWhatARangeTouches() throws Exception {
        try (DirtyBitmap bitmap = DirtyBitmap.open(file, VOLUME, BLOCK)) {
            assertEquals(1001, bitmap.blockCount());
            assertEquals(0, bitmap.dirtyBlocks());
            assertEquals(-1, bitmap.nextDirty(0));
            bitmap.mark(BLOCK - 1, 2);
            bitmap.mark(5L * BLOCK, 0);
            bitmap.mark(1000L * BLOCK, 10L * BLOCK);
            bitmap.mark(VOLUME + 5, Long.MAX_VALUE);
            assertEquals(3, bitmap.dirtyBlocks());
            assertEquals(1, bitmap.nextDirty(1));
            assertEquals(1000, bitmap.nextDirty(2));
            assertEquals(-1, bitmap.nextDirty(1001));
            bitmap.clear(1);
            assertFalse(bitmap.isDirty(1));
            assertThrows(IndexOutOfBoundsException.class, () -> bitmap.isDirty(1001));
            bitmap.markAll();
            assertEquals(1001, bitmap.dirtyBlocks());
            bitmap.clearAll();
            assertEquals(0, bitmap.snapshot().cardinality());
            bitmap.sync();
        }
    }

    @Test
    void agreesWithABitSetAndSurvivesReopening() throws Exception {
        Random random = new Random(42);
        BitSet model = new BitSet();
        for (int round = 0; round < 20; round++) {
            try (DirtyBitmap bitmap = DirtyBitmap.open(file, VOLUME, BLOCK)) {
                assertFalse(bitmap.wasDamaged());
                assertEquals(model, bitmap.snapshot());
                for (int i = 0; i < 20; i++) {
                    long offset = (long) (random.nextDouble() * VOLUME);
                    long length = Math.min(VOLUME - offset, 1 + random.nextInt(200 * BLOCK));
                    bitmap.mark(offset, length);
                    model.set((int) (offset / BLOCK), (int) ((offset + length - 1) / BLOCK) + 1);
                    int block = random.nextInt(1001);
                    bitmap.clear(block);
                    model.clear(block);
                }
                assertEquals(model, bitmap.snapshot());
            }
        }
    }

    @Test
    void aDamagedOrForeignFileIsAllDirty() throws Exception {
        for (int at = 0; at < 32; at++) {
            Files.deleteIfExists(file);
            DirtyBitmap.open(file, VOLUME, BLOCK).close();
            byte[] bytes = Files.readAllBytes(file);
            bytes[at] ^= 1;
            Files.write(file, bytes);
            assertAllDirty(VOLUME, 1001);
        }
        Files.write(file, new byte[0]);
        assertAllDirty(VOLUME, 1001);
        assertAllDirty(VOLUME * 2, 2001);
        Files.write(file, new byte[5000]);
        assertAllDirty(64L * BLOCK, 64);
    }

    private void assertAllDirty(long volumeBytes, long blocks) throws Exception {
        try (DirtyBitmap bitmap = DirtyBitmap.open(file, volumeBytes, BLOCK)) {
            assertTrue(bitmap.wasDamaged());
            assertEquals(blocks, bitmap.dirtyBlocks());
        }
        try (DirtyBitmap bitmap = DirtyBitmap.open(file, volumeBytes, BLOCK)) {
            assertFalse(bitmap.wasDamaged());
            assertEquals(blocks, bitmap.dirtyBlocks());
        }
    }

    @Test
    void threadsDoNotLoseEachOthersMarks() throws Exception {
        try (DirtyBitmap bitmap = DirtyBitmap.open(file, VOLUME, BLOCK)) {
            List<CompletableFuture<Void>> threads = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                int start = thread;
                threads.add(CompletableFuture.runAsync(() -> {
                    for (long block = start; block < 1001; block += 4) {
                        bitmap.mark(block * BLOCK, 1);
                    }
                }));
            }
            for (CompletableFuture<Void> thread : threads) {
                thread.get(10, TimeUnit.SECONDS);
            }
            assertEquals(1001, bitmap.dirtyBlocks());
        }
    }

    @Test
    void refusesSizesOutOfRange() {
        assertThrows(IllegalArgumentException.class, () -> DirtyBitmap.open(file, 0, BLOCK));
        assertThrows(IllegalArgumentException.class, () -> DirtyBitmap.open(file, 1, 1000));
        assertThrows(IllegalArgumentException.class, () -> DirtyBitmap.open(file, Long.MAX_VALUE, 512));
    }
}
