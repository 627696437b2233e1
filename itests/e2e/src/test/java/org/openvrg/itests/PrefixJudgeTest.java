package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeKey;

/** The judges of {@link CrashPrefixTest} see what is wrong: a test of the test. */
class PrefixJudgeTest {
    private static final int SECTOR = 512;
    private static final long FLUSH = 1;
    private static final long DISCARD = 4;
    private static final VolumeKey VOLUME = new VolumeKey(1, 1);

    @TempDir
    Path folder;

    private final ByteBuffer log = ByteBuffer.allocate(64 * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
    private long entries;
    private long sequence;

    @BeforeEach
    void beginLog() {
        log.position(SECTOR);
    }

    private void entry(long sector, long sectors, long flags, int filling) {
        int at = log.position();
        log.putLong(at, sector).putLong(at + 8, sectors).putLong(at + 16, flags);
        log.position(at + SECTOR);
        if ((flags & DISCARD) == 0) {
            byte[] bytes = new byte[(int) sectors * SECTOR];
            Arrays.fill(bytes, (byte) filling);
            log.put(bytes);
        }
        entries++;
    }

    private PrefixImage image() throws IOException {
        log.putLong(0, 0x6a736677736872L).putLong(8, 1).putLong(16, entries).putInt(24, SECTOR);
        Path file = folder.resolve("log");
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.write(log.flip());
        }
        return new PrefixImage(new WriteLog(file), disk("rebuilt"), disk("oracle"));
    }

    private Path disk(String name) throws IOException {
        Path file = folder.resolve(name);
        try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
            opened.setLength(16 * SECTOR);
        }
        return file;
    }

    private StreamRecord write(long sector, int sectors, int filling) {
        byte[] bytes = new byte[sectors * SECTOR];
        Arrays.fill(bytes, (byte) filling);
        return new StreamRecord(
                ++sequence, RecordType.WRITE, VOLUME, sector * SECTOR, bytes.length, ByteBuffer.wrap(bytes));
    }

    @Test
    void takesEqualHistoriesAndSeesFlushes() throws IOException {
        entry(0, 4, 0, 7);
        entry(0, 0, FLUSH, 0);
        entry(2, 2, DISCARD, 0);
        try (PrefixImage image = image()) {
            assertFalse(image.apply(write(0, 2, 7)), "half of a long write");
            assertTrue(image.apply(write(2, 2, 7)), "the other half, then a flush");
            image.apply(new StreamRecord(
                    ++sequence, RecordType.TRIM, VOLUME, 2 * SECTOR, 2 * SECTOR, ByteBuffer.allocate(0)));
            image.assertComplete();
            assertEquals(0, image.ahead());
            assertEquals(-1, Files.mismatch(image.rebuiltFile(), image.oracleFile()));
        }
    }

    @Test
    void letsWritesSideBySideChangePlaces() throws IOException {
        entry(0, 1, 0, 1);
        entry(1, 1, 0, 2);
        try (PrefixImage image = image()) {
            image.apply(write(1, 1, 2));
            image.apply(write(0, 1, 1));
            image.assertComplete();
            assertEquals(1, image.ahead());
        }
    }

    @Test
    void seesOverlappingWritesThatChangedPlaces() throws IOException {
        entry(0, 2, 0, 1);
        entry(0, 2, 0, 2);
        try (PrefixImage image = image()) {
            assertThrows(AssertionError.class, () -> image.apply(write(0, 2, 2)));
        }
    }

    @Test
    void seesOtherBytes() throws IOException {
        entry(0, 2, 0, 1);
        try (PrefixImage image = image()) {
            assertThrows(AssertionError.class, () -> image.apply(write(0, 2, 3)));
        }
    }

    @Test
    void seesAWriteThatIsMissing() throws IOException {
        entry(0, 1, 0, 1);
        entry(4, 1, 0, 1);
        try (PrefixImage image = image()) {
            image.apply(write(4, 1, 1));
            assertThrows(AssertionError.class, image::assertComplete);
        }
    }

    @Test
    void seesAWriteThatNobodyMade() throws IOException {
        entry(0, 1, 0, 1);
        try (PrefixImage image = image()) {
            assertThrows(AssertionError.class, () -> image.apply(write(8, 1, 1)));
        }
    }

    @Test
    void seesHalfAWrite() throws IOException {
        entry(0, 4, 0, 1);
        try (PrefixImage image = image()) {
            image.apply(write(0, 2, 1));
            assertThrows(AssertionError.class, image::assertComplete);
        }
    }

    @Test
    void seesAFileSystemThatIsNotSound() throws IOException, InterruptedException {
        for (FileSystem kind : FileSystem.values()) {
            Path image = folder.resolve("image-" + kind);
            kind.make(image);
            kind.judge(image, "as made");
            try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
                // a block of metadata that never reached the disk: ext4's group descriptors, XFS's free space
                file.seek(4096);
                file.write(new byte[4096]);
            }
            assertThrows(AssertionError.class, () -> kind.judge(image, "spoilt"), kind.toString());
        }
    }

    @Test
    void seesAFileThatIsNotWhole() throws Exception {
        for (var work : FileWorkload.of(folder, 1, 1, 60)) {
            work.call();
        }
        assertTrue(FileWorkload.check(folder, "as made") > 0);
        Path torn = Files.createDirectories(folder.resolve("other")).resolve("slot-1");
        Files.write(torn, new byte[5000]);
        assertThrows(AssertionError.class, () -> FileWorkload.check(folder, "torn"));
    }
}
