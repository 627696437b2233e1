package org.openvrg.qemu.mirror;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.UnseenWrites;
import org.openvrg.qemu.mirror.MirrorCapture.CaptureWatch;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;

/** The capture of a disk of a real QEMU into a real NBD server, with each way in which it can be lost. */
class MirrorCaptureTest {
    private static final VolumeId VOLUME = new VolumeId("6e1d1f5c-0d29-4a4c-9a3b-0c7c6b1d9a10");
    private static final long DISK_BYTES = 64 << 20;
    private static final long MIB = 1 << 20;
    private static final long BLOCK = 64 << 10;
    private static final MirrorSettings QUICK = new MirrorSettings(
            Duration.ofMinutes(10),
            Duration.ofMillis(100),
            Duration.ofSeconds(1),
            Duration.ofMillis(50),
            Duration.ofMillis(200),
            Optional.empty());

    @TempDir
    Path folder;

    private final Told told = new Told();
    private final LiveReaders readers = new LiveReaders();
    private TestQemu qemu;
    private Target target;
    private BitmapTokens tokens;
    private Optional<MirrorCapture> capture = Optional.empty();

    @BeforeEach
    void start() throws Exception {
        tokens = new BitmapTokens(folder.resolve("tokens"));
        target = new Target(folder, DISK_BYTES).start();
        qemu = new TestQemu(folder, "raw", DISK_BYTES).start();
    }

    @AfterEach
    void stop() throws Exception {
        if (capture.isPresent()) {
            capture.get().close();
        }
        readers.close();
        qemu.close();
        target.close();
    }

    private MirrorCapture capture(MirrorSettings settings) throws PlatformException {
        CaptureWatch watch = readers.watch(VOLUME, CaptureWatch.NONE);
        MirrorCapture started =
                MirrorCapture.start(VOLUME, target.uri(), () -> qemu.find(), told, settings, tokens, watch);
        capture = Optional.of(started);
        return started;
    }

    /** Waits until the only bitmap is another one than now. */
    private void awaitRotation() throws Exception {
        String before = bitmaps().toString();
        long deadline = System.nanoTime() + TestQemu.SOON.toNanos();
        while (bitmaps().size() != 1 || bitmaps().toString().equals(before)) {
            assertTrue(System.nanoTime() < deadline, () -> "no rotation after " + before);
            TestQemu.pause();
        }
    }

    /** Waits until the capture believes its first bitmap, and has no other. */
    private void awaitToken() throws Exception {
        long deadline = System.nanoTime() + TestQemu.SOON.toNanos();
        while (tokens.read(VOLUME).size() != 1
                || !bitmaps().toString().contains("." + String.join("", tokens.read(VOLUME)) + "]")) {
            assertTrue(System.nanoTime() < deadline, "no bitmap is believed");
            TestQemu.pause();
        }
    }

    private List<String> bitmaps() throws QmpException {
        return qemu.traces().stream().filter(name -> name.contains(".")).toList();
    }

    private static void assertUnseen(UnseenWrites unseen, String... ranges) {
        assertTrue(unseen.known());
        assertEquals(List.of(ranges), Told.ranges(unseen));
    }

    private static String range(long offset, long length) {
        return offset + "+" + length;
    }

    /** QEMU 7.2 aborts when a client leaves an export that runs in such a thread. */
    @Test
    void aDiskInAnIoThreadOutlivesItsReaders() throws Exception {
        qemu.close();
        qemu = new TestQemu(folder, "raw", DISK_BYTES).startInIoThread();
        qemu.write(7, MIB, BLOCK);
        for (int i = 0; i < 2; i++) {
            try (BlockVolume reader = readers.open(VOLUME, () -> qemu.find())) {
                ByteBuffer read = ByteBuffer.allocate(1);
                reader.read(MIB, read);
                assertEquals(7 + i, read.get(0));
                qemu.write(8, MIB, BLOCK);
                reader.read(MIB, read.clear());
                assertEquals(8, read.get(0));
            }
        }
        MirrorCapture first = capture(QUICK);
        told.awaitLive();
        awaitToken();
        first.close();
        qemu.write(9, 4 * BLOCK, BLOCK);
        MirrorCapture second = capture(QUICK);
        assertUnseen(told.awaitLive(), range(4 * BLOCK, BLOCK));
        second.forget();
        capture = Optional.empty();
        assertEquals(List.of(), qemu.traces());
    }

    @Test
    void readsNoOtherImageOfAQemuWithIoThreads() throws Exception {
        qemu.close();
        qemu = new TestQemu(folder, "qcow2", DISK_BYTES).startInIoThread();
        StorageException refused = assertThrows(StorageException.class, () -> readers.open(VOLUME, () -> qemu.find()));
        assertTrue(refused.getMessage().contains("is no raw image but qcow2"), refused.getMessage());
    }

    @Test
    void whatIsWrittenBetweenTwoCapturesIsToldExactly() throws Exception {
        qemu.write(1, 0, BLOCK);
        capture(QUICK);
        assertFalse(told.awaitLive().known());
        qemu.write(2, MIB, 4096);
        assertEquals(2, target.at(MIB));
        capture.orElseThrow().close();
        qemu.write(3, 5 * MIB, 4096);
        qemu.write(4, 9 * MIB + 512, 3 * BLOCK);
        assertEquals(0, target.at(5 * MIB));
        capture(QUICK);
        assertUnseen(told.awaitLive(), range(5 * MIB, BLOCK), range(9 * MIB, 4 * BLOCK));
        qemu.write(5, 7 * MIB, 4096);
        assertEquals(5, target.at(7 * MIB));
    }

    @Test
    void aKilledExportIsNoticedAndTakenUpAgain() throws Exception {
        capture(QUICK);
        told.awaitLive();
        awaitToken();
        target.kill();
        qemu.write(3, 3 * MIB, 4096);
        assertTrue(told.awaitLost().contains("did not take a write"));
        qemu.write(4, 4 * MIB, 4096);
        target.start();
        UnseenWrites unseen = told.awaitLive();
        assertUnseen(unseen, range(3 * MIB, BLOCK), range(4 * MIB, BLOCK));
    }

    @Test
    void aStalledExportIsCutOffAndTheWriteGoesOn() throws Exception {
        capture(QUICK);
        told.awaitLive();
        awaitToken();
        target.signal("STOP");
        try {
            // this holds up QEMU's main loop as well: only out of band anything gets through
            CompletableFuture<Void> write = CompletableFuture.runAsync(() -> {
                try {
                    qemu.write(3, 3 * MIB, 4096);
                } catch (QmpException e) {
                    throw new AssertionError(e);
                }
            });
            write.get(60, TimeUnit.SECONDS);
            told.awaitLost();
        } finally {
            target.signal("CONT");
        }
        assertUnseen(told.awaitLive(), range(3 * MIB, BLOCK));
    }

    @Test
    void whatAGatewayLeftThatDiedIsAdopted() throws Exception {
        capture(QUICK);
        told.awaitLive();
        awaitToken();
        qemu.write(1, MIB, 4096);
        // the connection goes, the job stays; then the bitmap is believed by what is on disk
        qemu.closeMonitor();
        assertTrue(told.awaitLost().contains("connection"));
        assertUnseen(told.awaitLive(), range(MIB, BLOCK));
        qemu.write(2, 2 * MIB, 4096);
        assertEquals(2, target.at(2 * MIB));
    }

    @Test
    void rotationForgetsWhatTheExportHas() throws Exception {
        capture(new MirrorSettings(
                Duration.ofMillis(100),
                Duration.ofMillis(20),
                Duration.ofSeconds(10),
                Duration.ofMillis(50),
                Duration.ofMillis(200),
                Optional.empty()));
        told.awaitLive();
        for (int i = 0; i < 32; i++) {
            qemu.write(7, i * MIB, 4096);
        }
        for (int i = 0; i < 3; i++) {
            awaitRotation();
        }
        capture.orElseThrow().close();
        assertEquals(1, bitmaps().size());
        qemu.write(8, 40 * MIB, 4096);
        capture(QUICK);
        assertUnseen(told.awaitLive(), range(40 * MIB, BLOCK));
    }

    @Test
    void aKilledQemuKnowsNothingAndIsFoundAgain() throws Exception {
        capture(QUICK);
        told.awaitLive();
        qemu.kill();
        told.awaitLost();
        qemu.start();
        assertFalse(told.awaitLive().known());
        qemu.write(2, MIB, 4096);
        assertEquals(2, target.at(MIB));
    }

    @Test
    void anImageThatKeepsBitmapsKnowsAfterAnOrderlyEnd() throws Exception {
        qemu.kill();
        qemu = new TestQemu(folder, "qcow2", DISK_BYTES).start();
        capture(QUICK);
        assertFalse(told.awaitLive().known());
        qemu.write(2, MIB, 4096);
        capture.orElseThrow().close();
        qemu.write(3, 3 * MIB, 4096);
        qemu.quit();
        qemu.start();
        qemu.write(4, 6 * MIB, 4096);
        capture(QUICK);
        assertUnseen(told.awaitLive(), range(3 * MIB, BLOCK), range(6 * MIB, BLOCK));
        qemu.kill();
        told.awaitLost();
        qemu.start();
        assertFalse(told.awaitLive().known(), "a bitmap of a killed QEMU was believed");
    }

    @Test
    void aBitmapWithATokenOfSomebodyElseProvesNothing() throws Exception {
        capture(QUICK);
        told.awaitLive();
        capture.orElseThrow().close();
        tokens = new BitmapTokens(folder.resolve("others"));
        capture(QUICK);
        assertFalse(told.awaitLive().known());
    }

    @Test
    void anotherSizeIsTold() throws Exception {
        capture(QUICK);
        told.awaitLive();
        target.kill();
        qemu.write(1, 0, 4096);
        told.awaitLost();
        qemu.hands()
                .execute(
                        "block_resize",
                        QmpClient.arguments().put("node-name", "disk0").put("size", 2 * DISK_BYTES));
        target.start();
        assertTrue(told.awaitReplaced().contains(String.valueOf(2 * DISK_BYTES)));
    }

    @Test
    void forgetLeavesNothing() throws Exception {
        try (BlockVolume reader = readers.open(VOLUME, () -> qemu.find())) {
            assertEquals(DISK_BYTES, reader.sizeBytes());
        }
        capture(QUICK);
        told.awaitLive();
        assertTrue(qemu.traces().size() >= 3, qemu.traces().toString());
        capture.orElseThrow().forget();
        assertEquals(List.of(), qemu.traces());
        assertFalse(qemu.stopServer());
    }

    /** Waits until nothing is left of what reading needs. */
    private void awaitNoReader() throws Exception {
        long deadline = System.nanoTime() + TestQemu.SOON.toNanos();
        while (qemu.traces().stream().anyMatch(name -> name.endsWith("-read") || name.endsWith("-src"))) {
            assertTrue(System.nanoTime() < deadline, "a reader stays in QEMU");
            TestQemu.pause();
        }
    }

    @Test
    void theServerStandsOnlyWhileSomebodyReads() throws Exception {
        try (BlockVolume reader = readers.open(VOLUME, () -> qemu.find())) {
            capture(QUICK);
            told.awaitLive();
            awaitNoReader();
            assertFalse(qemu.stopServer());
            qemu.write(4, MIB, 4096);
            ByteBuffer read = ByteBuffer.allocate(1);
            reader.read(MIB, read);
            assertEquals(4, read.get(0));
            assertTrue(qemu.traces().stream().anyMatch(name -> name.endsWith("-read")));
            qemu.closeMonitor();
            awaitNoReader();
            assertFalse(qemu.stopServer());
        }
    }

    @Test
    void aMirrorStaysUntilTheVmHasGone() throws Exception {
        TestQemu there = new TestQemu(Files.createDirectory(folder.resolve("there")), qemu).startIncoming();
        try (TestQemu here = qemu) {
            capture(QUICK);
            told.awaitLive();
            here.beginToMigrate(there);
            here.write(4, MIB, 4096);
            assertEquals(4, target.at(MIB));
            here.endMigration(there);
            assertTrue(told.awaitLost().contains("went to another host"));
            qemu = there;
            told.awaitLive();
        }
    }

    @Test
    void anImageThatKeepsBitmapsTakesThemToAnotherHost() throws Exception {
        qemu.kill();
        qemu = new TestQemu(folder, "qcow2", DISK_BYTES).start();
        TestQemu there = new TestQemu(Files.createDirectory(folder.resolve("there")), qemu).startIncoming();
        try (TestQemu here = qemu) {
            capture(QUICK);
            assertFalse(told.awaitLive().known());
            awaitToken();
            here.write(2, MIB, 4096);
            here.migrateTo(there);
            told.awaitLost();
            there.write(3, 3 * MIB, 4096);
            qemu = there;
            assertUnseen(told.awaitLive(), range(MIB, BLOCK), range(3 * MIB, BLOCK));
            there.write(4, 4 * MIB, 4096);
            assertEquals(4, target.at(4 * MIB));
        }
    }

    @Test
    void aMirrorGivesWayOnceAMigrationHasFailed() throws Exception {
        TestQemu there = new TestQemu(Files.createDirectory(folder.resolve("there")), qemu).startIncoming();
        try (TestQemu here = qemu) {
            here.failToMigrate();
            capture(QUICK);
            told.awaitLive();
            here.beginToMigrate(there);
            assertTrue(told.awaitLost().contains("on its way to another host"));
            here.endMigration(there);
            qemu = there;
            told.awaitLive();
        }
    }

    @Test
    void aReaderGoesWhereTheVmWent() throws Exception {
        TestQemu there = new TestQemu(Files.createDirectory(folder.resolve("there")), qemu).startIncoming();
        try (TestQemu here = qemu;
                BlockVolume reader = readers.open(VOLUME, () -> qemu.find())) {
            capture(QUICK);
            told.awaitLive();
            here.write(4, MIB, 4096);
            ByteBuffer read = ByteBuffer.allocate(1);
            reader.read(MIB, read);
            here.migrateTo(there);
            assertTrue(told.awaitLost().contains("went to another host"));
            qemu = there;
            assertFalse(told.awaitLive().known());
            there.write(5, MIB, 4096);
            assertEquals(5, target.at(MIB));
            // its connection was cut, or given up before
            try {
                reader.read(MIB, read.clear());
            } catch (StorageException e) {
                reader.read(MIB, read.clear());
            }
            assertEquals(5, read.get(0));
            assertTrue(there.traces().stream().anyMatch(name -> name.endsWith("-read")));
            assertFalse(here.traces().stream().anyMatch(name -> name.endsWith("-read")));
        }
    }

    @Test
    void aServerOfSomebodyElseIsLeftAlone() throws Exception {
        qemu.startServerElsewhere();
        StorageException refused = assertThrows(StorageException.class, () -> readers.open(VOLUME, () -> qemu.find()));
        assertTrue(refused.getMessage().contains("in use by somebody else"), refused.getMessage());
        assertEquals(List.of(), qemu.traces());
        assertTrue(qemu.stopServer());
        readers.open(VOLUME, () -> qemu.find()).close();
    }

    @Test
    void forgetLeavesTheServerToOthers() throws Exception {
        try (BlockVolume reader = readers.open(VOLUME, () -> qemu.find())) {
            assertEquals(DISK_BYTES, reader.sizeBytes());
        }
        capture(QUICK);
        told.awaitLive();
        qemu.startServer();
        qemu.exportElsewhere();
        capture.orElseThrow().forget();
        assertEquals(List.of(), qemu.traces());
        assertTrue(qemu.stopServer());
    }

    @Test
    void theReaderSeesTheLiveDiskAndWritesNothing() throws Exception {
        try (BlockVolume reader = readers.open(VOLUME, () -> qemu.find())) {
            capture(QUICK);
            told.awaitLive();
            ByteBuffer bytes = ByteBuffer.allocate(4096);
            qemu.write(9, 2 * MIB, 4096);
            reader.read(2 * MIB, bytes);
            assertEquals(9, bytes.get(17));
            StorageException refused =
                    assertThrows(StorageException.class, () -> reader.write(0, ByteBuffer.allocate(512)));
            assertEquals(StorageException.Kind.READ_ONLY, refused.kind());
            qemu.kill();
            assertThrows(StorageException.class, () -> reader.read(2 * MIB, ByteBuffer.allocate(4096)));
            qemu.start();
            bytes.clear();
            reader.read(2 * MIB, bytes);
            assertEquals(9, bytes.get(4095));
        }
    }
}
