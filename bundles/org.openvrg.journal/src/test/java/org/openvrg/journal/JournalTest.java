package org.openvrg.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.JournalException.Kind;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.api.model.StreamRecord;

class JournalTest {
    @TempDir(factory = MemoryDirectory.class)
    Path directory;

    @Test
    void freshJournalIsEmpty() throws JournalException {
        try (Journal journal = Journal.open(Journal.Settings.of(directory.resolve("vm")))) {
            assertEquals(0, journal.epoch());
            assertEquals(1, journal.firstIndex());
            assertEquals(0, journal.lastIndex());
            assertEquals(0, journal.lastSequence());
            assertTrue(journal.damage().isEmpty());
            assertTrue(Records.read(journal, 1).isEmpty());
        }
    }

    @Test
    void givesBackEveryTypeOfRecord() throws JournalException {
        List<StreamRecord> records = List.of(
                Records.write(7, 512),
                Records.zero(8),
                new StreamRecord(9, RecordType.TRIM, Records.VOLUME, 1, 1L << 40, ByteBuffer.allocate(0)),
                StreamRecord.checkpoint(10, 123456789),
                StreamRecord.resync(11, true, new ResyncMark(1, true, 5)),
                Records.copied(11, 4096),
                new StreamRecord(11, RecordType.RESYNC_ZERO, Records.VOLUME, 0, 4096, ByteBuffer.allocate(0)),
                StreamRecord.resync(12, false, new ResyncMark(1, true, 6)),
                Records.write(13, StreamRecord.MAX_PAYLOAD_BYTES));
        var settings = new Journal.Settings(directory, 4096, 4 << 20);
        try (Journal journal = Journal.open(settings)) {
            for (int i = 0; i < records.size(); i++) {
                assertEquals(i + 1, journal.append(records.get(i)));
                assertEquals(
                        records.get(i).payload().limit(),
                        records.get(i).payload().remaining());
            }
            assertEquals(records, Records.read(journal, 1));
        }
        try (Journal journal = Journal.open(settings)) {
            assertEquals(records, Records.read(journal, 1));
            assertEquals(records.subList(5, 9), Records.read(journal, 6));
            assertEquals(13, journal.lastSequence());
        }
    }

    @Test
    void refusesSequencesThatDoNotFollow() throws JournalException {
        try (Journal journal = Journal.open(Records.small(directory))) {
            journal.append(Records.write(5, 1));
            for (long wrong : new long[] {0, 4, 5, 7}) {
                assertThrows(IllegalArgumentException.class, () -> journal.append(Records.write(wrong, 1)));
            }
            assertThrows(IllegalArgumentException.class, () -> journal.append(Records.copied(6, 1)));
            journal.append(Records.copied(5, 1));
            assertThrows(IllegalArgumentException.class, () -> journal.beginEpoch(0));
            journal.beginEpoch(3);
            journal.append(Records.copied(5, 1));
            assertThrows(IllegalArgumentException.class, () -> journal.append(Records.write(5, 1)));
            journal.append(Records.write(100, 1));
            assertThrows(IllegalArgumentException.class, () -> journal.append(Records.write(102, 1)));
            assertEquals(4, journal.lastIndex());
        }
    }

    @Test
    void refusesWhenFullAndGoesOnAfterTrim() throws JournalException {
        try (Journal journal = Journal.open(Records.small(directory))) {
            JournalException full = assertThrows(JournalException.class, () -> {
                for (long i = 1; i < 10_000; i++) {
                    journal.append(Records.write(i, 1000));
                }
            });
            assertEquals(Kind.FULL, full.kind());
            assertTrue(journal.usedBytes() <= journal.limitBytes());
            assertFalse(journal.failed());
            long last = journal.lastIndex();
            assertEquals(last, Records.read(journal, 1).size());
            journal.trim(last / 2);
            assertTrue(journal.firstIndex() > 1 && journal.firstIndex() <= last / 2 + 1);
            assertEquals(last + 1, journal.append(Records.write(last + 1, 1000)));
            Records.assertKind(Kind.NOT_RETAINED, () -> journal.cursor(1));
            Records.assertKind(Kind.NOT_RETAINED, () -> journal.cursor(last + 3));
        }
    }

    @Test
    void remembersEverythingWhenEmptiedAndReopened() throws Exception {
        try (Journal journal = Journal.open(Records.small(directory))) {
            journal.beginEpoch(4);
            for (long i = 50; i < 60; i++) {
                journal.append(Records.write(i, 1500));
            }
            journal.trim(10);
            assertEquals(11, journal.firstIndex());
            assertEquals(1, Records.files(directory).size());
        }
        for (int again = 0; again < 2; again++) {
            try (Journal journal = Journal.open(Records.small(directory))) {
                assertEquals(4, journal.epoch());
                assertEquals(10, journal.lastIndex());
                assertEquals(11, journal.firstIndex());
                assertEquals(59, journal.lastSequence());
                assertThrows(IllegalArgumentException.class, () -> journal.append(Records.write(61, 1)));
            }
        }
        try (Journal journal = Journal.open(Records.small(directory))) {
            assertEquals(11, journal.append(Records.write(60, 1)));
        }
    }

    @Test
    void epochMayJumpAfterReopenOnlyWhenItHadNoRecord() throws Exception {
        try (Journal journal = Journal.open(Records.small(directory))) {
            journal.append(Records.write(1, 1));
            journal.beginEpoch(1);
            assertEquals(0, journal.epochFirstSequence());
            journal.beginEpoch(2);
        }
        try (Journal journal = Journal.open(Records.small(directory))) {
            assertEquals(2, journal.epoch());
            assertEquals(1, journal.lastSequence());
            assertEquals(0, journal.epochFirstSequence());
            assertEquals(2, journal.append(Records.write(20, 1)));
            assertEquals(20, journal.epochFirstSequence());
            journal.sync();
            assertEquals(2, Records.files(directory).size());
        }
        try (Journal journal = Journal.open(Records.small(directory))) {
            assertThrows(IllegalArgumentException.class, () -> journal.append(Records.write(22, 1)));
            try (Journal.Cursor cursor = journal.cursor(1)) {
                assertEquals(0, cursor.next().orElseThrow().epoch());
                assertEquals(2, cursor.next().orElseThrow().epoch());
            }
        }
    }

    @Test
    void isOpenOnlyOnceAndRefusesUseAfterClose() throws JournalException {
        Journal journal = Journal.open(Records.small(directory));
        Records.assertKind(Kind.FAILED, () -> Journal.open(Records.small(directory)));
        journal.close();
        journal.close();
        Records.assertKind(Kind.FAILED, () -> journal.append(Records.write(1, 1)));
        Records.assertKind(Kind.FAILED, journal::sync);
        Journal.open(Records.small(directory)).close();
    }

    @Test
    void syncTellsHowFarItIs() throws Exception {
        try (Journal journal = Journal.open(Records.small(directory))) {
            for (long i = 1; i <= 20; i++) {
                journal.append(Records.write(i, 1000));
            }
            assertEquals(0, journal.syncedIndex());
            journal.sync();
            assertEquals(20, journal.syncedIndex());
            List<Path> files = Records.files(directory);
            long open = files.stream()
                    .filter(file -> file.toString().endsWith(".open"))
                    .count();
            assertEquals(1, open);
            assertTrue(files.size() > 5);
        }
    }

    @Test
    void anInterruptedThreadStillAppendsAndSyncs() throws JournalException {
        try (Journal journal = Journal.open(Records.small(directory))) {
            Thread.currentThread().interrupt();
            journal.append(Records.write(1, 1));
            journal.sync();
            assertTrue(Thread.interrupted());
            assertFalse(journal.failed());
        }
    }

    @Test
    void failsForGoodWhenAWriteFails() throws Exception {
        try (Journal journal = Journal.open(Records.small(directory))) {
            journal.append(Records.write(1, 10));
            journal.segments().lastEntry().getValue().release();
            Records.assertKind(Kind.FAILED, () -> journal.append(Records.write(2, 10)));
            assertTrue(journal.failed());
            assertEquals(1, journal.lastIndex());
            Records.assertKind(Kind.FAILED, () -> journal.append(Records.write(2, 10)));
            Records.assertKind(Kind.FAILED, journal::sync);
            Records.assertKind(Kind.FAILED, () -> journal.beginEpoch(1));
            Records.assertKind(Kind.FAILED, () -> journal.trim(1));
            assertEquals(1, Records.read(journal, 1).size());
        }
    }

    @Test
    void failsForGoodWhenASyncFails() throws Exception {
        try (Journal journal = Journal.open(Records.small(directory))) {
            journal.append(Records.write(1, 10));
            journal.segments().lastEntry().getValue().release();
            Records.assertKind(Kind.FAILED, journal::sync);
            assertEquals(0, journal.syncedIndex());
            assertTrue(journal.failed());
            Records.assertKind(Kind.FAILED, journal::sync);
            Records.assertKind(Kind.FAILED, () -> journal.append(Records.write(2, 10)));
        }
    }

    @Test
    void checksSettings() {
        assertThrows(IllegalArgumentException.class, () -> new Journal.Settings(directory, 1, 4096));
        assertThrows(IllegalArgumentException.class, () -> new Journal.Settings(directory, 4096, 4095));
        assertThrows(IllegalArgumentException.class, () -> new Journal.Settings(directory, 4096, 1L << 40));
    }

    @Test
    void appendsWhileOthersReadSyncAndTrim() throws Exception {
        int count = 20_000;
        try (Journal journal = Journal.open(new Journal.Settings(directory, 64 * 1024, 64 << 20))) {
            AtomicBoolean done = new AtomicBoolean();
            List<CompletableFuture<Void>> others = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                others.add(CompletableFuture.runAsync(() -> run(() -> {
                    while (!done.get()) {
                        journal.sync();
                    }
                })));
            }
            CompletableFuture<Void> reader = CompletableFuture.runAsync(() -> run(() -> {
                try (Journal.Cursor cursor = journal.cursor(1)) {
                    while (cursor.nextIndex() <= count) {
                        var entry = cursor.next();
                        if (entry.isPresent()) {
                            long sequence = entry.get().record().sequence();
                            assertEquals(entry.get().index(), sequence);
                            assertEquals(
                                    Records.write(sequence, 300), entry.get().record());
                        }
                        if (cursor.nextIndex() % 1000 == 0 && cursor.nextIndex() > 2) {
                            journal.trim(cursor.nextIndex() - 2);
                        }
                    }
                }
            }));
            for (long i = 1; i <= count; i++) {
                journal.append(Records.write(i, 300));
            }
            reader.get(30, TimeUnit.SECONDS);
            done.set(true);
            for (CompletableFuture<Void> other : others) {
                other.get(30, TimeUnit.SECONDS);
            }
            journal.sync();
            assertEquals(count, journal.syncedIndex());
        }
    }

    @Test
    void behavesLikeAListThroughKills() throws Exception {
        for (long seed = 1; seed <= 12; seed++) {
            runModel(seed);
        }
    }

    private void runModel(long seed) throws Exception {
        Random random = new Random(seed);
        Path present = directory.resolve("model" + seed);
        List<StreamRecord> model = new ArrayList<>();
        Journal journal = Journal.open(Records.small(present));
        try {
            long sequence = 0;
            long epoch = 0;
            boolean begun = false;
            for (int step = 0; step < 400; step++) {
                String where = "seed " + seed + " step " + step;
                int dice = random.nextInt(100);
                if (dice < 75) {
                    long jump = begun ? 1 : 1 + random.nextInt(5);
                    StreamRecord record = random.nextInt(4) == 0
                            ? Records.copied(sequence, 1 + random.nextInt(500))
                            : Records.write(sequence + jump, 1 + random.nextInt(2000));
                    try {
                        assertEquals(model.size() + 1, journal.append(record), where);
                        model.add(record);
                        begun |= record.type().isSequenced();
                        sequence = record.sequence();
                    } catch (JournalException e) {
                        assertEquals(Kind.FULL, e.kind(), where);
                        journal.trim(journal.lastIndex());
                    }
                } else if (dice < 80) {
                    journal.sync();
                } else if (dice < 85) {
                    journal.beginEpoch(++epoch);
                    begun = false;
                } else if (dice < 90) {
                    journal.trim(random.nextInt(model.size() + 1));
                } else if (dice < 95) {
                    Path copy = Records.copyOf(present, directory.resolve("model" + seed + "-" + step));
                    journal.close();
                    present = copy;
                    journal = Journal.open(Records.small(present));
                }
                assertTrue(journal.damage().isEmpty(), where);
                assertEquals(epoch, journal.epoch(), where);
                assertEquals(model.size(), journal.lastIndex(), where);
                assertEquals(sequence, journal.lastSequence(), where);
                if (step % 20 == 0) {
                    int first = (int) journal.firstIndex();
                    assertEquals(model.subList(first - 1, model.size()), Records.read(journal, first), where);
                }
            }
        } finally {
            journal.close();
        }
    }

    private interface Body {
        void run() throws Exception;
    }

    private static void run(Body body) {
        try {
            body.run();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
