package org.openvrg.api.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;

class RawFileVolumeTest {
    private static final int BLOCK = RawFileVolume.BLOCK_BYTES;

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void makeSparseFile() throws IOException {
        file = folder.resolve("disk.raw");
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(64L * 1024 * 1024 + 5);
        }
    }

    @Test
    void findsZeroesInUnitsOfABlock() throws Exception {
        try (RawFileVolume volume = RawFileVolume.open(file, "disk")) {
            volume.write(3L * BLOCK + 7, ByteBuffer.wrap(new byte[] {1}));
            List<BlockExtent> extents = volume.extents(10, 10L * BLOCK);
            assertEquals(
                    List.of(
                            new BlockExtent(3L * BLOCK - 10, false, true),
                            new BlockExtent(BLOCK, false, false),
                            new BlockExtent(6L * BLOCK + 10, false, true)),
                    extents);
        }
    }

    @Test
    void countsAsDataWhatItDidNotScan() throws Exception {
        try (RawFileVolume volume = RawFileVolume.open(file, "disk")) {
            assertEquals(
                    List.of(
                            new BlockExtent(RawFileVolume.MAX_SCAN_BYTES, false, true),
                            new BlockExtent(volume.sizeBytes() - RawFileVolume.MAX_SCAN_BYTES, false, false)),
                    volume.extents(0, volume.sizeBytes()));
        }
    }

    @Test
    void zeroingClearsExactlyTheRange() throws Exception {
        try (RawFileVolume volume = RawFileVolume.open(file, "disk")) {
            byte[] ones = new byte[3 * BLOCK];
            Arrays.fill(ones, (byte) 1);
            volume.write(0, ByteBuffer.wrap(ones));
            volume.zero(100, 2L * BLOCK, true);
            ByteBuffer read = ByteBuffer.allocate(ones.length);
            volume.read(0, read);
            Arrays.fill(ones, 100, 100 + 2 * BLOCK, (byte) 0);
            assertArrayEquals(ones, read.array());
        }
    }

    @Test
    void zeroingAHoleKeepsTheFileSparse() throws Exception {
        try (RawFileVolume volume = RawFileVolume.open(file, "disk")) {
            volume.zero(0, volume.sizeBytes(), false);
            volume.flush();
        }
        assertTrue(allocatedBytes() < BLOCK, "allocated");
    }

    @Test
    void refusesAMissingAndAnEmptyFile() throws Exception {
        Path empty = Files.createFile(folder.resolve("empty"));
        for (Path wrong : List.of(empty, folder.resolve("missing"))) {
            StorageException refused = assertThrows(StorageException.class, () -> RawFileVolume.open(wrong, "disk"));
            assertEquals(StorageException.Kind.PATH_WRONG, refused.kind());
        }
    }

    @Test
    void aFileThatWasCutShortIsAnErrorNotAnEndlessLoop() throws Exception {
        try (RawFileVolume volume = RawFileVolume.open(file, "disk");
                RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
            cut.setLength(10);
            StorageException failed =
                    assertThrows(StorageException.class, () -> volume.read(0, ByteBuffer.allocate(20)));
            assertEquals(StorageException.Kind.IO, failed.kind());
        }
    }

    @Test
    void messagesHoldNoPath() {
        StorageException refused =
                assertThrows(StorageException.class, () -> RawFileVolume.open(folder.resolve("missing"), "disk"));
        assertTrue(!refused.getMessage().contains(folder.toString()), refused.getMessage());
    }

    private long allocatedBytes() throws IOException, InterruptedException {
        Process stat = new ProcessBuilder("stat", "-c", "%b %B", file.toString()).start();
        String[] parts = new String(stat.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII)
                .trim()
                .split(" ");
        assertEquals(0, stat.waitFor());
        return Long.parseLong(parts[0]) * Long.parseLong(parts[1]);
    }
}
