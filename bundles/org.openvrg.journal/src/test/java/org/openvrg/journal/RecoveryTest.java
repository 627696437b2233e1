package org.openvrg.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.JournalException.Kind;
import org.openvrg.api.model.StreamRecord;

/** Walks the rows of the decision table, cuts at every byte, flips every byte. */
class RecoveryTest {
    private static final int RECORD = SegmentFormat.RECORD_HEADER_BYTES + 100;

    @TempDir(factory = MemoryDirectory.class)
    Path directory;

    /** A journal of records of 100 bytes that was closed without a sync, but for what the segments before needed. */
    private Path journal(int records, boolean sync) throws JournalException {
        Path home = directory.resolve("origin-" + records + sync);
        try (Journal journal = Journal.open(Records.small(home))) {
            for (long i = 1; i <= records; i++) {
                journal.append(Records.write(i, 100));
            }
            if (sync) {
                journal.sync();
            }
        }
        return home;
    }

    private static void flip(Path file, long at) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, at);
            one.put(0, (byte) (one.get(0) ^ 0x55)).flip();
            channel.write(one, at);
        }
    }

    private static void cut(Path file, long length) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(length);
        }
    }

    /** Reads all that can be read and answers the indexes that cannot; what is read must be what was written. */
    private static List<Long> lost(Journal journal) throws JournalException {
        List<Long> lost = new ArrayList<>();
        for (long i = journal.firstIndex(); i <= journal.lastIndex(); i++) {
            try (Journal.Cursor cursor = journal.cursor(i)) {
                StreamRecord record = cursor.next().orElseThrow().record();
                assertEquals(Records.write(i, 100), record);
            } catch (JournalException e) {
                assertEquals(Kind.DAMAGED, e.kind());
                lost.add(i);
            }
        }
        return lost;
    }

    @Test
    void addsNothingBehindARecordOfALaterIndexThatIsBad() throws Exception {
        Path home = journal(2, false);
        Path file = Records.files(home).get(0);
        int salt = SegmentFormat.Name.parse(file.getFileName().toString())
                .orElseThrow()
                .salt();
        ByteBuffer all = ByteBuffer.allocate(SegmentFormat.SEGMENT_HEADER_BYTES + 3 * RECORD);
        byte[] sound = Files.readAllBytes(file);
        all.put(sound, 0, SegmentFormat.SEGMENT_HEADER_BYTES);
        ByteBuffer header = ByteBuffer.allocate(SegmentFormat.RECORD_HEADER_BYTES);
        SegmentFormat.putRecordHeader(header, Records.write(9, 100), 9, 0, salt, new CRC32C());
        all.put(header).put(new byte[100]);
        all.put(sound, SegmentFormat.SEGMENT_HEADER_BYTES, 2 * RECORD);
        Files.write(file, all.array());
        try (Journal journal = Journal.open(Records.small(home))) {
            assertEquals(2, journal.lastIndex());
            assertEquals(3, journal.append(Records.write(3, 100)));
            assertEquals(List.of(Records.write(3, 100)), Records.read(journal, 3));
        }
    }

    @Test
    void leavesFilesAloneWhoseIndexNoJournalReaches() throws Exception {
        Path home = journal(2, false);
        String impossible =
                "0".repeat(16) + "-" + "0".repeat(15) + "1-7" + "f".repeat(15) + "-" + "0".repeat(16) + "-00000001.seg";
        Files.write(home.resolve(impossible), new byte[SegmentFormat.SEGMENT_HEADER_BYTES]);
        assertTrue(SegmentFormat.Name.parse(impossible).isEmpty());
        try (Journal journal = Journal.open(Records.small(home))) {
            assertEquals(2, journal.lastIndex());
            assertTrue(lost(journal).isEmpty());
        }
    }

    @Test
    void cutsTheTornTailAtEveryByte() throws Exception {
        Path origin = journal(4, false);
        long size = Files.size(Records.files(origin).get(0));
        assertEquals(SegmentFormat.SEGMENT_HEADER_BYTES + 4 * RECORD, size);
        for (long length = 0; length <= size; length++) {
            Path copy = Records.copyOf(origin, directory.resolve("copy"));
            cut(Records.files(copy).get(0), length);
            long whole = Math.max(0, (length - SegmentFormat.SEGMENT_HEADER_BYTES) / RECORD);
            for (int again = 0; again < 2; again++) {
                try (Journal journal = Journal.open(Records.small(copy))) {
                    assertEquals(whole + again, journal.lastIndex(), "cut to " + length);
                    assertEquals(whole + again, journal.lastSequence());
                    assertTrue(journal.damage().isEmpty());
                    assertEquals(whole + again + 1, journal.append(Records.write(whole + again + 1, 100)));
                    assertTrue(lost(journal).isEmpty());
                }
            }
        }
    }

    @Test
    void noFlippedByteOfAnOpenSegmentIsEverRead() throws Exception {
        Path origin = journal(4, false);
        long size = Files.size(Records.files(origin).get(0));
        for (long at = 0; at < size; at++) {
            Path copy = Records.copyOf(origin, directory.resolve("copy"));
            flip(Records.files(copy).get(0), at);
            long hit = at < SegmentFormat.SEGMENT_HEADER_BYTES
                    ? 0
                    : (at - SegmentFormat.SEGMENT_HEADER_BYTES) / RECORD + 1;
            try (Journal journal = Journal.open(Records.small(copy))) {
                assertEquals(hit == 4 ? 3 : 4, journal.lastIndex(), "flipped " + at);
                boolean inside = hit >= 1 && hit <= 3;
                assertEquals(
                        inside ? Optional.of(new Journal.Damage(hit, hit)) : Optional.empty(),
                        journal.damage(),
                        "flipped " + at);
                assertEquals(inside ? List.of(hit) : List.of(), lost(journal));
                long next = journal.lastSequence() + 1;
                assertEquals(journal.lastIndex() + 1, journal.append(Records.write(next, 100)));
            }
            try (Journal journal = Journal.open(Records.small(copy))) {
                assertEquals(hit >= 1 && hit <= 3 ? List.of(hit) : List.of(), lost(journal));
            }
        }
    }

    @Test
    void noFlippedByteOfAClosedSegmentIsEverRead() throws Exception {
        Path origin = journal(30, true);
        Path first = Records.files(origin).get(0);
        assertTrue(first.toString().endsWith(".seg"));
        for (long at = 0; at < Files.size(first); at += at < 400 ? 1 : 7) {
            Path copy = Records.copyOf(origin, directory.resolve("copy"));
            flip(Records.files(copy).get(0), at);
            long place = at - SegmentFormat.SEGMENT_HEADER_BYTES;
            long hit = place < 0 ? 0 : place / RECORD + 1;
            boolean inHeader = hit > 0 && place % RECORD < SegmentFormat.RECORD_HEADER_BYTES;
            try (Journal journal = Journal.open(Records.small(copy))) {
                assertEquals(30, journal.lastIndex());
                assertEquals(inHeader, journal.damage().isPresent(), "flipped " + at);
                assertEquals(hit > 0 ? List.of(hit) : List.of(), lost(journal), "flipped " + at);
            }
        }
    }

    @Test
    void reportsWhatACutClosedSegmentLost() throws Exception {
        Path home = journal(30, true);
        Path first = Records.files(home).get(0);
        long kept = 5;
        cut(first, SegmentFormat.SEGMENT_HEADER_BYTES + kept * RECORD + 10);
        try (Journal journal = Journal.open(Records.small(home))) {
            Journal.Damage damage = journal.damage().orElseThrow();
            assertEquals(kept + 1, damage.firstIndex());
            assertEquals(damage.lastIndex() - kept, lost(journal).size());
            journal.trim(damage.lastIndex());
            assertTrue(journal.damage().isEmpty());
        }
    }

    @Test
    void reportsAMissingSegment() throws Exception {
        Path home = journal(80, true);
        SegmentFormat.Name name = SegmentFormat.Name.parse(
                        Records.files(home).get(1).getFileName().toString())
                .orElseThrow();
        Files.delete(Records.files(home).get(1));
        try (Journal journal = Journal.open(Records.small(home))) {
            assertEquals(Optional.of(new Journal.Damage(name.firstIndex(), name.lastIndex())), journal.damage());
            assertEquals(name.lastIndex() - name.firstIndex() + 1, lost(journal).size());
        }
    }

    @Test
    void takesUnsyncedFullSegmentsAndReportsWhatTheyLost() throws Exception {
        Path home = journal(60, false);
        List<Path> files = Records.files(home);
        assertEquals(3, files.size());
        assertTrue(files.stream().allMatch(file -> file.toString().endsWith(".open")));
        Path whole = Records.copyOf(home, directory.resolve("whole"));
        try (Journal journal = Journal.open(Records.small(whole))) {
            assertTrue(journal.damage().isEmpty());
            assertEquals(60, journal.syncedIndex());
            assertTrue(lost(journal).isEmpty());
        }
        cut(files.get(0), Files.size(files.get(0)) - 1);
        for (int again = 0; again < 2; again++) {
            try (Journal journal = Journal.open(Records.small(home))) {
                assertEquals(60, journal.lastIndex());
                assertEquals(1, lost(journal).size());
                assertTrue(journal.damage().isPresent());
            }
        }
    }

    @Test
    void goesOnBehindClosedSegmentsWhenTheOpenOneIsGone() throws Exception {
        Path home = journal(60, true);
        List<Path> files = Records.files(home);
        SegmentFormat.Name name =
                SegmentFormat.Name.parse(files.get(2).getFileName().toString()).orElseThrow();
        assertTrue(name.open());
        Files.delete(files.get(2));
        try (Journal journal = Journal.open(Records.small(home))) {
            assertEquals(name.firstIndex() - 1, journal.lastIndex());
            assertEquals(name.firstIndex() - 1, journal.lastSequence());
            journal.append(Records.write(name.firstIndex(), 100));
        }
    }

    @Test
    void refusesSegmentsThatOverlap() throws Exception {
        Path home = journal(60, true);
        Path second = Records.files(home).get(1);
        SegmentFormat.Name name =
                SegmentFormat.Name.parse(second.getFileName().toString()).orElseThrow();
        var shifted =
                new SegmentFormat.Name(false, 0, name.firstIndex() - 1, name.lastIndex(), name.sequence(), name.salt());
        Files.move(second, second.resolveSibling(shifted.text()));
        Records.assertKind(Kind.DAMAGED, () -> Journal.open(Records.small(home)));
    }

    @Test
    void refusesAnEpochThatFalls() throws Exception {
        Path home = journal(60, true);
        Path first = Records.files(home).get(0);
        SegmentFormat.Name name =
                SegmentFormat.Name.parse(first.getFileName().toString()).orElseThrow();
        var later = new SegmentFormat.Name(false, 5, 1, name.lastIndex(), name.sequence(), name.salt());
        Files.move(first, first.resolveSibling(later.text()));
        Records.assertKind(Kind.DAMAGED, () -> Journal.open(Records.small(home)));
    }

    @Test
    void refusesAnotherVersion() throws Exception {
        Path home = journal(1, true);
        Path file = Records.files(home).get(0);
        byte[] bytes = Files.readAllBytes(file);
        bytes[11] = 9;
        var crc = new java.util.zip.CRC32C();
        crc.update(bytes, 0, 60);
        ByteBuffer.wrap(bytes).putInt(60, (int) crc.getValue());
        Files.write(file, bytes);
        Records.assertKind(Kind.DAMAGED, () -> Journal.open(Records.small(home)));
    }

    @Test
    void leavesOtherFilesAlone() throws Exception {
        Path home = journal(1, true);
        Path other = Files.writeString(home.resolve("notes.seg"), "mine");
        Journal.open(Records.small(home)).close();
        assertEquals("mine", Files.readString(other));
    }

    @Test
    void recordsPlantedInAPayloadAreNotFoundBehindDamage() throws Exception {
        Path home = directory.resolve("planted");
        try (Journal journal = Journal.open(Records.small(home))) {
            ByteBuffer forged = ByteBuffer.allocate(64);
            SegmentFormat.putRecordHeader(forged, Records.zero(2), 2, 0, 0, new java.util.zip.CRC32C());
            journal.append(new StreamRecord(1, org.openvrg.api.model.RecordType.WRITE, Records.VOLUME, 0, 64, forged));
        }
        flip(Records.files(home).get(0), SegmentFormat.SEGMENT_HEADER_BYTES + 9);
        try (Journal journal = Journal.open(Records.small(home))) {
            assertEquals(0, journal.lastIndex());
        }
    }
}
