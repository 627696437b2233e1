package org.openvrg.itests;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.model.StreamRecord;

/**
 * One volume, built twice from the same beginning: from the records of the gateway's journal, and from what QEMU
 * recorded in front of the gateway. After each record both have to be equal, byte for byte.
 *
 * <p>The two orders are those in which writes came to the gateway and in which QEMU finished them. They may differ for
 * writes that were under way at the same time, and only where these don't overlap: a record belongs to the first entry
 * not yet used up that overlaps it, it lies inside what is left of that entry, and what it writes is what the entry
 * says. A long write may be several records.
 *
 * <p>One thread.
 */
final class PrefixImage implements AutoCloseable {
    /** Most entries that a record may be ahead of. */
    private static final int MAX_AHEAD = 128;

    private final WriteLog log;
    private final FileChannel rebuilt;
    private final FileChannel oracle;
    private final Path rebuiltFile;
    private final Path oracleFile;
    private final List<Pending> pending = new ArrayList<>();
    private long records;
    private long ahead;
    private boolean flushed;

    /** An entry and how much of it the records have had. */
    private static final class Pending {
        private final WriteLog.Entry entry;
        private long doneBytes;

        Pending(WriteLog.Entry entry) {
            this.entry = entry;
        }

        boolean overlaps(StreamRecord record) {
            return record.offsetBytes() < entry.offset() + entry.lengthBytes()
                    && entry.offset() + doneBytes < record.endBytes();
        }
    }

    /**
     * Over two equal images.
     *
     * @param rebuiltFile for the journal's records
     * @param oracleFile for QEMU's record
     */
    PrefixImage(WriteLog log, Path rebuiltFile, Path oracleFile) throws IOException {
        this.log = log;
        this.rebuiltFile = rebuiltFile;
        this.oracleFile = oracleFile;
        rebuilt = FileChannel.open(rebuiltFile, StandardOpenOption.READ, StandardOpenOption.WRITE);
        oracle = FileChannel.open(oracleFile, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** Image made of records. */
    Path rebuiltFile() {
        return rebuiltFile;
    }

    /** Image made of what QEMU recorded. */
    Path oracleFile() {
        return oracleFile;
    }

    /** Records so far. */
    long records() {
        return records;
    }

    /** Records that came before an entry that QEMU finished earlier. */
    long ahead() {
        return ahead;
    }

    /**
     * Takes a data record into the one image and its part of QEMU's record into the other, and compares the range.
     *
     * @return whether the guest's next step was a flush: everything before it is in
     */
    boolean apply(StreamRecord record) throws IOException {
        records++;
        Pending match = find(record);
        int length = Math.toIntExact(record.lengthBytes());
        long from = record.offsetBytes() - match.entry.offset();
        if (from != match.doneBytes || record.endBytes() > match.entry.offset() + match.entry.lengthBytes()) {
            throw new AssertionError("record " + text(record) + " is not the rest of " + match.entry);
        }
        ByteBuffer mine = record.type().carriesBytes() ? record.payload().duplicate() : ByteBuffer.allocate(length);
        write(rebuilt, record.offsetBytes(), mine);
        write(oracle, record.offsetBytes(), log.bytes(match.entry, from, length));
        if (!read(rebuilt, record.offsetBytes(), length).equals(read(oracle, record.offsetBytes(), length))) {
            throw new AssertionError("record " + text(record) + " does not hold the bytes of " + match.entry);
        }
        match.doneBytes += length;
        dropDone();
        return flushed;
    }

    private Pending find(StreamRecord record) throws IOException {
        for (int i = 0; i < MAX_AHEAD; i++) {
            if (i == pending.size()) {
                Optional<WriteLog.Entry> next = log.next();
                if (next.isEmpty()) {
                    break;
                }
                pending.add(new Pending(next.get()));
            }
            Pending candidate = pending.get(i);
            if (candidate.overlaps(record)) {
                if (pending.stream().limit(i).anyMatch(before -> before.entry.lengthBytes() > 0)) {
                    ahead++;
                }
                return candidate;
            }
        }
        throw new AssertionError("QEMU recorded no write that record " + text(record) + " could be; waiting: "
                + pending.stream().map(one -> one.entry.toString()).toList());
    }

    /** Takes out entries that are used up, and the flushes that nothing stands before any more. */
    private void dropDone() throws IOException {
        flushed = false;
        pending.removeIf(one -> one.entry.lengthBytes() > 0 && one.doneBytes == one.entry.lengthBytes());
        if (pending.isEmpty()) {
            log.next().map(Pending::new).ifPresent(pending::add);
        }
        Iterator<Pending> waiting = pending.iterator();
        while (waiting.hasNext() && waiting.next().entry.lengthBytes() == 0) {
            flushed = true;
            waiting.remove();
        }
    }

    /** Fails unless every write that QEMU recorded has been a record. */
    void assertComplete() throws IOException {
        dropDone();
        Optional<WriteLog.Entry> next = log.next();
        while (next.isPresent() && next.get().lengthBytes() == 0) {
            next = log.next();
        }
        if (!pending.isEmpty() || next.isPresent()) {
            throw new AssertionError("the journal lacks writes: "
                    + pending.stream().map(one -> one.entry.toString()).toList() + ", then " + next);
        }
    }

    private static String text(StreamRecord record) {
        return record.sequence() + " (" + record.type() + ", " + record.lengthBytes() + " bytes at "
                + record.offsetBytes() + ")";
    }

    private static void write(FileChannel channel, long offset, ByteBuffer bytes) throws IOException {
        int start = bytes.position();
        while (bytes.hasRemaining()) {
            channel.write(bytes, offset + bytes.position() - start);
        }
    }

    private static ByteBuffer read(FileChannel channel, long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, offset + bytes.position()) < 0) {
                throw new IOException("the image ends before " + (offset + length));
            }
        }
        return bytes.flip();
    }

    @Override
    public void close() throws IOException {
        try (log;
                rebuilt;
                oracle) {
            pending.clear();
        }
    }
}
