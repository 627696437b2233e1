package org.openvrg.replication.internal.production;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeId;
import org.openvrg.journal.ActivityLog;
import org.openvrg.journal.DirtyBitmap;

class IngestTest {
    private static final int SIZE_BYTES = 1 << 20;
    private static final long BOUND_NANOS = 50;

    @TempDir
    Path folder;

    private final ExecutorService pool = Executors.newCachedThreadPool();
    private final AtomicLong clock = new AtomicLong();
    private final TestLog log = new TestLog();
    private final List<String> broken = new CopyOnWriteArrayList<>();
    private final AtomicInteger released = new AtomicInteger();
    private ModeFile mode;
    private ProtectedVolume volume;
    private Ingest ingest;

    private static final class TestLog implements RecordLog {
        final List<StreamRecord> records = new CopyOnWriteArrayList<>();
        final AtomicInteger appending = new AtomicInteger();
        volatile CountDownLatch stall = new CountDownLatch(0);
        volatile CountDownLatch syncStall = new CountDownLatch(0);
        volatile Optional<JournalException> failure = Optional.empty();

        @Override
        public void append(StreamRecord record) throws JournalException {
            appending.incrementAndGet();
            try {
                if (!stall.await(30, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("stalled for ever");
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (failure.isPresent()) {
                throw failure.get();
            }
            records.add(record);
        }

        @Override
        public void sync() throws JournalException {
            try {
                if (!syncStall.await(30, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("stalled for ever");
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            if (failure.isPresent()) {
                throw failure.get();
            }
        }

        @Override
        public void beginEpoch(long epoch) {
            // numbers go on
        }

        @Override
        public long lastSequence() {
            return records.isEmpty() ? 0 : records.get(records.size() - 1).sequence();
        }
    }

    @BeforeEach
    void open() throws Exception {
        Path file = folder.resolve("disk.raw");
        Files.write(file, new byte[SIZE_BYTES]);
        mode = ModeFile.open(folder.resolve("live"), folder.resolve("mode"), UUID.randomUUID());
        volume = new ProtectedVolume(
                new VolumeId("vol"),
                RawFileVolume.open(file, "vol"),
                true,
                DirtyBitmap.open(folder.resolve("dirty"), SIZE_BYTES, VmFiles.BLOCK_BYTES),
                ActivityLog.open(folder.resolve("active"), SIZE_BYTES));
        Ingest.Listener listener = new Ingest.Listener() {
            @Override
            public void appended() {
                // nobody sends here
            }

            @Override
            public void epochBegan() {
                // nobody counts here
            }

            @Override
            public void captureBroke(String reason) {
                broken.add(reason);
            }

            @Override
            public List<ProtectedVolume> volumes() {
                return List.of(volume);
            }
        };
        ingest = new Ingest(pool, pool, clock::get, log, mode, false, listener);
        CompletableFuture<Long> began = new CompletableFuture<>();
        ingest.startEpoch(1, new ResyncMark(1, true, 0), 1, began::complete, reason -> {});
        began.get(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void close() throws Exception {
        pool.shutdown();
        assertTrue(pool.awaitTermination(10, TimeUnit.SECONDS));
        volume.close();
        mode.close();
    }

    private CompletableFuture<Void> write(long offset, int value, int length) {
        byte[] bytes = new byte[length];
        java.util.Arrays.fill(bytes, (byte) value);
        WritePayload payload = new WritePayload() {
            @Override
            public ByteBuffer bytes() {
                return ByteBuffer.wrap(bytes);
            }

            @Override
            public void release() {
                released.incrementAndGet();
            }
        };
        return ingest.submit(new WriteOperation(volume, RecordType.WRITE, offset, length, Optional.of(payload), false));
    }

    private int byteAt(long offset) throws Exception {
        ByteBuffer one = ByteBuffer.allocate(1);
        volume.disk.read(offset, one);
        return one.get(0);
    }

    @Test
    void capturedWriteStandsInJournalAndVolumeAndNotInTheBitmap() throws Exception {
        write(4096, 7, 512).get(10, TimeUnit.SECONDS);
        assertEquals(2, log.records.size());
        assertEquals(2, log.lastSequence());
        assertEquals(7, byteAt(4096));
        assertEquals(0, volume.dirty.dirtyBlocks());
        assertEquals(1, released.get());
    }

    @Test
    void longWriteIsSplitIntoRecordsWithConsecutiveSequences() throws Exception {
        write(0, 1, SIZE_BYTES).get(10, TimeUnit.SECONDS);
        write(0, 2, SIZE_BYTES).get(10, TimeUnit.SECONDS);
        assertEquals(3, log.records.size());
        assertEquals(StreamRecord.MAX_PAYLOAD_BYTES, log.records.get(1).lengthBytes());
    }

    @Test
    void writeThatTheJournalKeepsIsAnsweredAndMarkedInsteadAndTheQueueGoesOn() throws Exception {
        log.stall = new CountDownLatch(1);
        CompletableFuture<Void> first = write(0, 1, 512);
        CompletableFuture<Void> second = write(0, 2, 512);
        while (log.appending.get() < 2) {
            Thread.onSpinWait();
        }
        ingest.watch(BOUND_NANOS);
        assertFalse(first.isDone());
        clock.addAndGet(BOUND_NANOS);
        ingest.watch(BOUND_NANOS);
        CompletableFuture.allOf(first, second).get(10, TimeUnit.SECONDS);
        assertEquals(1, broken.size());
        assertFalse(ingest.capturing());
        assertTrue(volume.dirty.isDirty(0));
        assertEquals(2, byteAt(0));
        assertEquals(1, released.get(), "the stuck thread still reads the first payload");

        CompletableFuture<String> refused = new CompletableFuture<>();
        ingest.startEpoch(2, new ResyncMark(2, false, 0), 1, sequence -> {}, refused::complete);
        assertTrue(refused.get(10, TimeUnit.SECONDS).contains("does not answer"));

        log.stall.countDown();
        while (released.get() < 2) {
            Thread.onSpinWait();
        }
        write(8192, 3, 512).get(10, TimeUnit.SECONDS);
        assertEquals(3, byteAt(8192));
        assertEquals(2, byteAt(0), "the thread that was stuck writes nothing any more");
    }

    @Test
    void markThatTheJournalKeepsDoesNotHoldUpWrites() throws Exception {
        log.stall = new CountDownLatch(1);
        int before = log.appending.get();
        ingest.mark(sequence -> StreamRecord.checkpoint(sequence, 0), sequence -> broken.add("marked"));
        CompletableFuture<Void> write = write(0, 4, 512);
        while (log.appending.get() == before) {
            Thread.onSpinWait();
        }
        clock.addAndGet(BOUND_NANOS);
        ingest.watch(BOUND_NANOS);
        write.get(10, TimeUnit.SECONDS);
        assertTrue(volume.dirty.isDirty(0));
        log.stall.countDown();
        write(0, 5, 512).get(10, TimeUnit.SECONDS);
        assertEquals(1, broken.size(), "the mark came too late to count");
    }

    @Test
    void epochThatTheJournalBeginsTooLateIsRefused() throws Exception {
        ingest.stopCapture();
        log.stall = new CountDownLatch(1);
        int before = log.appending.get();
        CompletableFuture<String> refused = new CompletableFuture<>();
        ingest.startEpoch(2, new ResyncMark(2, false, 0), 1, sequence -> {}, refused::complete);
        CompletableFuture<Void> write = write(0, 4, 512);
        while (log.appending.get() == before) {
            Thread.onSpinWait();
        }
        clock.addAndGet(BOUND_NANOS);
        ingest.watch(BOUND_NANOS);
        write.get(10, TimeUnit.SECONDS);
        log.stall.countDown();
        assertTrue(refused.get(10, TimeUnit.SECONDS).contains("does not answer"));
        assertFalse(ingest.capturing());
        assertTrue(volume.dirty.isDirty(0));
    }

    @Test
    void flushThatTheJournalKeepsReachesTheVolumesInstead() throws Exception {
        write(0, 5, 512).get(10, TimeUnit.SECONDS);
        log.syncStall = new CountDownLatch(1);
        CompletableFuture<Void> flush = ingest.flush();
        clock.addAndGet(GuestFlushes.FLUSH_BOUNDS * BOUND_NANOS);
        ingest.watch(BOUND_NANOS);
        assertFalse(flush.isDone());
        assertTrue(ingest.capturing());
        clock.addAndGet(1);
        ingest.watch(BOUND_NANOS);
        flush.get(10, TimeUnit.SECONDS);
        assertEquals(1, broken.size());
        assertFalse(ingest.capturing());
        log.syncStall.countDown();
        ingest.flush().get(10, TimeUnit.SECONDS);
    }

    @Test
    void fullJournalIsNoErrorForTheGuest() throws Exception {
        log.failure = Optional.of(new JournalException(JournalException.Kind.FULL, "full"));
        write(0, 9, 512).get(10, TimeUnit.SECONDS);
        assertEquals(List.of("full"), broken);
        assertTrue(volume.dirty.isDirty(0));
        assertEquals(9, byteAt(0));
        ingest.flush().get(10, TimeUnit.SECONDS);
    }

    @Test
    void failedSyncIsNoErrorForTheGuest() throws Exception {
        write(0, 9, 512).get(10, TimeUnit.SECONDS);
        log.failure = Optional.of(new JournalException(JournalException.Kind.FAILED, "no disk"));
        ingest.flush().get(10, TimeUnit.SECONDS);
        assertFalse(ingest.capturing());
        assertEquals(1, broken.size());
    }

    @Test
    void failureOfTheGuestsOwnDiskReachesTheGuestAndMarksTheBlock() throws Exception {
        volume.disk.close();
        CompletableFuture<Void> answer = write(0, 9, 512);
        assertThrows(ExecutionException.class, () -> answer.get(10, TimeUnit.SECONDS));
        assertTrue(volume.dirty.isDirty(0));
        assertFalse(ingest.capturing());
    }

    @Test
    void marksAreClearedOnlyWhileWritesAreCaptured() throws Exception {
        assertTrue(ingest.whileCapturing(() -> {}));
        ingest.stopCapture();
        assertFalse(ingest.whileCapturing(() -> {
            throw new AssertionError("must not run");
        }));
    }
}
