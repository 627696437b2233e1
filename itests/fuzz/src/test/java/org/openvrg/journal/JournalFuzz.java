package org.openvrg.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;
import org.openvrg.fuzz.MemoryFolder;

/**
 * A journal directory with whatever segment files the input makes: any names, headers and records with the right
 * checksum or without, holes, cuts. What recovery takes must be readable or told as damage, the same at a second
 * opening, and can be appended to.
 */
public final class JournalFuzz {
    private static final MemoryFolder FOLDER = MemoryFolder.make();
    private static final long HEAP_BYTES = 24L << 20;
    private static final int MAX_FILES = 4;
    private static final int MOST_ENTRIES = 200;

    private JournalFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Check.allocates(HEAP_BYTES, () -> one(new Input(data), FOLDER.emptied()));
    }

    private static void one(Input input, Path folder) throws IOException, JournalException {
        int files = 1 + input.below(MAX_FILES);
        for (int i = 0; i < files; i++) {
            segment(input, folder);
        }
        openTwice(folder);
    }

    private static void segment(Input input, Path folder) throws IOException {
        int form = input.unsignedByte();
        boolean open = (form & 1) != 0;
        long epoch = input.longNumber() & Long.MAX_VALUE;
        long first = input.longNumber() & Long.MAX_VALUE;
        long last = open ? first - 1 : first + (input.longNumber() & Long.MAX_VALUE);
        long sequence = input.longNumber() & Long.MAX_VALUE;
        int salt = input.below(2);
        var name = new SegmentFormat.Name(open, epoch, first, last & Long.MAX_VALUE, sequence, salt);
        ByteBuffer out = ByteBuffer.allocate(64 * 1024);
        if ((form & 2) != 0) {
            out.put(new SegmentFormat.Header(epoch, first, sequence, (form & 4) != 0, salt).encode());
        } else if ((form & 8) != 0) {
            out.put(input.bytes(SegmentFormat.SEGMENT_HEADER_BYTES));
        } else {
            out.put(new byte[SegmentFormat.SEGMENT_HEADER_BYTES]);
        }
        long index = first;
        int records = input.below(20);
        for (int i = 0; i < records && out.remaining() > 2048; i++) {
            index = record(input, out, index, sequence + i + 1, salt);
        }
        byte[] bytes = new byte[Math.max(0, out.position() - ((form & 16) != 0 ? input.unsignedByte() : 0))];
        out.flip().get(bytes);
        Files.write(folder.resolve(name.text()), bytes);
    }

    /** A record with a checksum that is right, or bytes; answers the index of the next. */
    private static long record(Input input, ByteBuffer out, long index, long sequence, int salt) {
        int form = input.unsignedByte();
        if (form >= 240) {
            out.put(input.bytes(input.unsignedByte()));
            return index;
        }
        byte[] payload = input.bytes((form & 1) == 0 ? 8 : input.unsignedByte());
        CRC32C crc = new CRC32C();
        crc.update(payload);
        ByteBuffer header = ByteBuffer.allocate(SegmentFormat.RECORD_HEADER_BYTES);
        int type = (form & 2) == 0 ? RecordType.WRITE.code() : input.unsignedByte();
        long at = (form & 4) == 0 ? index : input.longNumber();
        header.putInt(0x56524a << 8 | type).putInt((form & 8) == 0 ? payload.length : input.number());
        header.putLong(at).putLong((form & 16) == 0 ? sequence : input.longNumber());
        header.putLong(1).putLong(2);
        header.putLong((form & 32) == 0 ? 0 : input.longNumber());
        header.putLong((form & 64) == 0 ? payload.length : input.longNumber());
        header.putInt((form & 128) == 0 ? (int) crc.getValue() : input.number());
        header.putInt(salt).flip();
        crc.reset();
        crc.update(header);
        header.putInt(60, (int) crc.getValue()).rewind();
        out.put(header).put(payload);
        return at + 1;
    }

    private static void openTwice(Path folder) throws JournalException {
        Journal.Settings settings = new Journal.Settings(folder, 4096, 4096 * 1024);
        List<String> first;
        long epoch;
        long lastIndex;
        try (Journal journal = Journal.open(settings)) {
            first = contents(journal);
            epoch = journal.epoch();
            lastIndex = journal.lastIndex();
        } catch (JournalException e) {
            Check.equal(JournalException.Kind.DAMAGED, e.kind(), "why a journal is refused: " + e.getMessage());
            return;
        }
        try (Journal journal = Journal.open(settings)) {
            Check.equal(epoch, journal.epoch(), "epoch at the second opening");
            Check.equal(lastIndex, journal.lastIndex(), "last index at the second opening");
            Check.equal(first, contents(journal), "contents at the second opening");
            append(journal);
        }
    }

    /** What can be read one by one; an entry that cannot is damage, and nothing else is thrown. */
    private static List<String> contents(Journal journal) throws JournalException {
        List<String> contents = new ArrayList<>();
        long from = journal.firstIndex();
        Check.that(from >= 1 && journal.lastIndex() >= from - 1, "indexes " + from + " to " + journal.lastIndex());
        for (long at = from; at <= journal.lastIndex() && at - from < MOST_ENTRIES; at++) {
            try (Journal.Cursor cursor = journal.cursor(at)) {
                Journal.Entry entry =
                        cursor.next().orElseThrow(() -> new AssertionError("an entry within the journal"));
                Check.equal(at, entry.index(), "index of an entry");
                contents.add(entry.toString());
            } catch (JournalException e) {
                boolean expected = e.kind() == JournalException.Kind.DAMAGED;
                Check.that(expected, "entry " + at + ": " + e.kind() + " " + e.getMessage());
                contents.add("damaged " + at);
            }
        }
        return contents;
    }

    /** Goes on with a record, which must then be there. */
    private static void append(Journal journal) throws JournalException {
        if (journal.lastIndex() > Long.MAX_VALUE - 4 || journal.lastSequence() > Long.MAX_VALUE - 4) {
            return; // nobody gets there one by one
        }
        long sequence = journal.lastSequence() + 1;
        StreamRecord record =
                new StreamRecord(sequence, RecordType.WRITE, new VolumeKey(1, 2), 0, 16, ByteBuffer.wrap(new byte[16]));
        long index = journal.append(record);
        journal.sync();
        try (Journal.Cursor cursor = journal.cursor(index)) {
            Optional<Journal.Entry> entry = cursor.next();
            Check.equal(record, entry.orElseThrow().record(), "the record that was appended");
        }
    }
}
