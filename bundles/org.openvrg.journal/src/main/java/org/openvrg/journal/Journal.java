package org.openvrg.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.JournalException.Kind;
import org.openvrg.api.model.StreamRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One VM's journal in one directory: records in order, in segment files, each record with CRC32C.
 *
 * <p>Two numbers: the <em>index</em> counts the entries of this journal, 1, 2, 3 …, without a gap; the
 * <em>sequence</em> is the record's own. A sequenced record has the sequence after the one before it; the first of an
 * epoch may jump forwards. A copied block repeats the newest sequence.
 *
 * <p>An appended record stands in the page cache (a killed process does not lose it); {@link #sync} brings it to stable
 * storage. A failed write or sync makes the journal {@link #failed} for good: it takes no more records, and what was
 * not synced must be held for lost.
 *
 * <p>Thread-safe. {@link #append}, {@link #beginEpoch} and {@link #trim} are meant for one thread at a time, the rest
 * for any. A thread that is interrupted in the very moment of its write or sync
 * makes the journal fail, so threads that write here should not be interrupted.
 */
public final class Journal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Journal.class);

    private final Settings settings;
    private final DirectoryLock lock;
    private final Optional<Damage> damage;
    private final ConcurrentSkipListMap<Long, Segment> segments = new ConcurrentSkipListMap<>();

    /** Taken before {@link #appendLock} where both are needed; held while data is synced or files are deleted. */
    private final ReentrantLock syncLock = new ReentrantLock();

    private final ReentrantLock appendLock = new ReentrantLock();
    private final ArrayDeque<Segment> retired = new ArrayDeque<>();
    private final ByteBuffer header = ByteBuffer.allocateDirect(SegmentFormat.RECORD_HEADER_BYTES);
    private final ByteBuffer[] parts = new ByteBuffer[2];
    private final CRC32C crc = new CRC32C();
    private Segment open;
    private boolean epochBegun;
    private boolean directoryChanged;

    /** Changes that a sync has to cover; the number of the one that made the open segment; the newest synced one. */
    private final AtomicLong changes = new AtomicLong();

    private long openedAt;
    private volatile long syncedChanges;

    private final AtomicLong usedBytes = new AtomicLong();
    private volatile long epoch;
    private volatile long lastIndex;
    private volatile long lastSequence;
    private volatile long syncedIndex;
    private volatile boolean failed;
    private volatile boolean closed;

    /**
     * Where a journal lives and how large it gets.
     *
     * @param directory its own directory; made when absent
     * @param segmentBytes length at which the next segment is begun, 4 KiB to 1 GiB
     * @param limitBytes length of all segments together at which appends are refused, at least one and at most
     *     {@value #MAX_SEGMENTS} segments
     */
    public record Settings(Path directory, long segmentBytes, long limitBytes) {
        /** Default of {@code segmentBytes}. */
        public static final long DEFAULT_SEGMENT_BYTES = 64L << 20;

        /** Default of {@code limitBytes}. */
        public static final long DEFAULT_LIMIT_BYTES = 1L << 30;

        /** Most segments that fit below the limit. */
        public static final long MAX_SEGMENTS = 16_384;

        private static final long MIN_SEGMENT_BYTES = 4096;
        private static final long MAX_SEGMENT_BYTES = 1L << 30;

        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException naming key, value and range
         */
        public Settings {
            Objects.requireNonNull(directory, "directory");
            check("segment-bytes", segmentBytes, MIN_SEGMENT_BYTES, MAX_SEGMENT_BYTES);
            check("limit-bytes", limitBytes, segmentBytes, segmentBytes * MAX_SEGMENTS);
        }

        private static void check(String key, long value, long min, long max) {
            if (value < min || value > max) {
                throw new IllegalArgumentException(
                        "journal." + key + " is " + value + ", not within " + min + ".." + max);
            }
        }

        /** The defaults for a directory. */
        public static Settings of(Path directory) {
            return new Settings(directory, DEFAULT_SEGMENT_BYTES, DEFAULT_LIMIT_BYTES);
        }
    }

    /**
     * One record and its place.
     *
     * @param index place in this journal
     * @param epoch epoch in which it was appended
     * @param record the record; its payload is valid until the cursor moves on
     */
    public record Entry(long index, long epoch, StreamRecord record) {}

    /**
     * Entries that were lost or cannot be read, first to last inclusive. Entries between several damaged places are
     * within it as well; they can still be read one by one.
     */
    public record Damage(long firstIndex, long lastIndex) {}

    /**
     * Reads entries in order, also across segments and while others append. One cursor is used by one thread; each
     * holds one file handle and a buffer of 64 KiB, or 1 MiB once it met a record larger than that.
     */
    public interface Cursor extends AutoCloseable {
        /**
         * The entry at {@link #nextIndex}; its payload is valid until the following call.
         *
         * @return empty at the end of the journal; call again when more was appended
         * @throws JournalException DAMAGED when the entry is lost or fails its CRC (the cursor stays there; open
         *     another one behind it to go on), NOT_RETAINED when it was trimmed meanwhile, FAILED when the thread was
         *     interrupted while it read
         */
        Optional<Entry> next() throws JournalException;

        /** Index of the entry that {@link #next} gives next. */
        long nextIndex();

        @Override
        void close();
    }

    private Journal(Settings settings, DirectoryLock lock, Recovery recovery) {
        this.settings = settings;
        this.lock = lock;
        this.damage = recovery.damage();
        for (Segment segment : recovery.segments()) {
            segments.put(segment.firstIndex(), segment);
            usedBytes.addAndGet(segment.endBytes());
            open = segment;
        }
        epoch = recovery.epoch();
        epochBegun = recovery.epochBegun();
        lastSequence = recovery.lastSequence();
        lastIndex = open.lastIndex();
        syncedIndex = lastIndex;
    }

    /**
     * Creates a journal, or recovers the one that is there and syncs it. Every record is checked in segments that were
     * not closed, the chain of headers in closed ones; a closed segment's payloads are checked when they are read.
     *
     * <p>The decision table is in {@code docs/journal.md} and at the package-private class {@code Recovery}.
     *
     * @throws JournalException DAMAGED see the table; FAILED when files cannot be read or written or another journal
     *     object has the directory open
     */
    public static Journal open(Settings settings) throws JournalException {
        DirectoryLock lock = DirectoryLock.take(settings.directory());
        return new Journal(settings, lock, Recovery.run(settings.directory(), lock));
    }

    /**
     * Appends a record into the page cache. The payload's position is left as it was; its bytes are not needed
     * afterwards.
     *
     * @return its index
     * @throws JournalException FULL when the limit is reached, nothing was written; FAILED
     * @throws IllegalArgumentException when its sequence does not follow, nothing was written
     */
    public long append(StreamRecord record) throws JournalException {
        boolean interrupted = Thread.interrupted();
        appendLock.lock();
        try {
            checkUsable();
            checkSequence(record);
            ByteBuffer payload = record.payload().duplicate();
            int start = payload.position();
            long bytes = (long) SegmentFormat.RECORD_HEADER_BYTES + payload.remaining();
            boolean roll = !open.isEmpty() && open.endBytes() + bytes > settings.segmentBytes();
            long growth = roll ? bytes + SegmentFormat.SEGMENT_HEADER_BYTES : bytes;
            if (usedBytes.get() + growth > settings.limitBytes()) {
                throw new JournalException(
                        Kind.FULL, "the journal has reached its limit of " + settings.limitBytes() + " bytes");
            }
            crc.reset();
            crc.update(payload);
            payload.position(start);
            if (roll) {
                startSegment(epoch, epochBegun);
            }
            return write(record, payload, bytes);
        } finally {
            appendLock.unlock();
            Interrupts.restore(interrupted);
        }
    }

    private long write(StreamRecord record, ByteBuffer payload, long bytes) throws JournalException {
        long index = lastIndex + 1;
        SegmentFormat.putRecordHeader(header, record, index, (int) crc.getValue(), open.salt(), crc);
        parts[0] = header;
        parts[1] = payload;
        long sequence = record.type().isSequenced() ? record.sequence() : lastSequence;
        try {
            open.append(parts, bytes, sequence);
        } catch (IOException e) {
            throw fail("a write to the journal failed", e);
        }
        usedBytes.addAndGet(bytes);
        epochBegun |= record.type().isSequenced();
        lastSequence = sequence;
        lastIndex = index;
        changes.incrementAndGet();
        return index;
    }

    private void checkSequence(StreamRecord record) {
        long sequence = record.sequence();
        boolean follows = !record.type().isSequenced()
                ? sequence == lastSequence
                : epochBegun ? sequence == lastSequence + 1 : sequence > lastSequence;
        if (!follows) {
            throw new IllegalArgumentException("a " + record.type() + " of sequence " + sequence
                    + " cannot follow sequence " + lastSequence + " in epoch " + epoch);
        }
    }

    /**
     * Brings everything that was appended before the call to stable storage. Callers that come while a sync runs share
     * the next one.
     *
     * @throws JournalException FAILED when it did not succeed, now or earlier: hold what was not synced for lost
     */
    public void sync() throws JournalException {
        long wanted = changes.get();
        checkUsable();
        if (syncedChanges >= wanted) {
            return;
        }
        boolean interrupted = Thread.interrupted();
        syncLock.lock();
        try {
            checkUsable();
            if (syncedChanges < wanted) {
                syncAll();
            }
        } finally {
            syncLock.unlock();
            Interrupts.restore(interrupted);
        }
    }

    /** Under the sync lock; the append lock is free while the disk works. */
    private void syncAll() throws JournalException {
        List<Segment> full;
        Segment current;
        boolean directory;
        long change;
        long index;
        appendLock.lock();
        try {
            full = List.copyOf(retired);
            retired.clear();
            current = open;
            directory = directoryChanged || !full.isEmpty();
            directoryChanged = false;
            change = changes.get();
            index = lastIndex;
        } finally {
            appendLock.unlock();
        }
        try {
            for (Segment segment : full) {
                segment.force();
            }
            current.force();
            if (directory) {
                usedBytes.addAndGet(-Segment.closeSynced(full, settings.directory()));
            }
        } catch (IOException e) {
            throw fail("a sync of the journal failed", e);
        }
        syncedIndex = index;
        syncedChanges = change;
    }

    /**
     * Begins an epoch with a new segment; the next sequenced record may jump forwards. Like a record, it is lost by a
     * power loss before the next {@link #sync}.
     *
     * @throws IllegalArgumentException unless it is greater than the present one
     * @throws JournalException FAILED
     */
    public void beginEpoch(long newEpoch) throws JournalException {
        boolean interrupted = Thread.interrupted();
        appendLock.lock();
        try {
            checkUsable();
            if (newEpoch <= epoch) {
                throw new IllegalArgumentException("epoch " + newEpoch + " cannot follow epoch " + epoch);
            }
            startSegment(newEpoch, false);
            epoch = newEpoch;
            epochBegun = false;
        } finally {
            appendLock.unlock();
            Interrupts.restore(interrupted);
        }
    }

    /** Under the append lock: an empty open segment is replaced, another one retired until the next sync. */
    private void startSegment(long newEpoch, boolean begun) throws JournalException {
        try {
            Segment old = open;
            Segment fresh = Segment.create(settings.directory(), newEpoch, lastIndex + 1, lastSequence, begun);
            open = fresh;
            segments.put(fresh.firstIndex(), fresh);
            usedBytes.addAndGet(fresh.endBytes());
            directoryChanged = true;
            openedAt = changes.incrementAndGet();
            // an empty one too: it is deleted by the next sync, once the new one cannot get lost any more
            retired.add(old);
        } catch (IOException e) {
            throw fail("a new segment of the journal cannot be made", e);
        }
    }

    /**
     * Deletes the segments all of whose entries have an index up to the given one; the open one too, when it has
     * entries and all of them are covered. Last index, last sequence and epoch stay, also when the journal is opened
     * again.
     *
     * @throws JournalException FAILED
     */
    public void trim(long upToIndex) throws JournalException {
        boolean interrupted = Thread.interrupted();
        syncLock.lock();
        try {
            List<Segment> covered = new ArrayList<>();
            boolean unsafe;
            appendLock.lock();
            try {
                checkUsable();
                if (!open.isEmpty() && open.lastIndex() <= upToIndex) {
                    startSegment(epoch, epochBegun);
                }
                for (Segment segment : segments.values()) {
                    if (segment != open && segment.lastIndex() <= upToIndex) {
                        covered.add(segment);
                    }
                }
                retired.removeAll(covered);
                unsafe = openedAt > syncedChanges;
            } finally {
                appendLock.unlock();
            }
            if (covered.isEmpty()) {
                return;
            }
            if (unsafe) {
                // what the deleted ones tell of index, sequence and epoch must first stand in the open one
                syncAll();
            }
            // oldest first, so that a crash leaves a chain without a hole
            for (Segment segment : covered) {
                segments.remove(segment.firstIndex(), segment);
                segment.delete();
                usedBytes.addAndGet(-segment.endBytes());
            }
        } catch (IOException e) {
            throw fail("a segment of the journal cannot be deleted", e);
        } finally {
            syncLock.unlock();
            Interrupts.restore(interrupted);
        }
    }

    /**
     * Reads from an entry on.
     *
     * @throws JournalException NOT_RETAINED when the index is less than {@link #firstIndex} or greater than
     *     {@link #lastIndex} + 1
     */
    public Cursor cursor(long fromIndex) throws JournalException {
        if (fromIndex < firstIndex() || fromIndex > lastIndex + 1) {
            throw new JournalException(
                    Kind.NOT_RETAINED,
                    "record " + fromIndex + " is not within " + firstIndex() + ".." + (lastIndex + 1));
        }
        return new JournalCursor(this, fromIndex);
    }

    /** Present epoch, 0 in a fresh journal. */
    public long epoch() {
        return epoch;
    }

    /** Sequence of the oldest retained entry of the present epoch, 0 when there is none. */
    public long epochFirstSequence() throws JournalException {
        for (Segment segment : segments.values()) {
            if (segment.epoch() == epoch && segment.firstIndex() <= lastIndex) {
                try (Cursor cursor = cursor(segment.firstIndex())) {
                    return cursor.next().map(entry -> entry.record().sequence()).orElse(0L);
                }
            }
        }
        return 0;
    }

    /** Whether the present epoch has a sequenced record, so that the next one must follow it. */
    public boolean epochBegun() {
        appendLock.lock();
        try {
            return epochBegun;
        } finally {
            appendLock.unlock();
        }
    }

    /** Index of the oldest retained entry, {@code lastIndex() + 1} when there is none. */
    public long firstIndex() {
        return segments.firstKey();
    }

    /** Index of the newest entry, 0 before the first; trimming does not change it. */
    public long lastIndex() {
        return lastIndex;
    }

    /** Sequence of the newest sequenced record, 0 before the first; trimming does not change it. */
    public long lastSequence() {
        return lastSequence;
    }

    /** Entries up to this index are on stable storage. */
    public long syncedIndex() {
        return syncedIndex;
    }

    /** Length of all segments together. */
    public long usedBytes() {
        return usedBytes.get();
    }

    /** Length at which appends are refused. */
    public long limitBytes() {
        return settings.limitBytes();
    }

    /** What recovery found lost, as long as it is not trimmed; a payload gone bad is noticed only by a cursor. */
    public Optional<Damage> damage() {
        return damage.filter(range -> range.lastIndex() >= firstIndex());
    }

    /** Whether a write or sync failed. */
    public boolean failed() {
        return failed;
    }

    NavigableMap<Long, Segment> segments() {
        return segments;
    }

    /** Gives all file handles back. Does not sync; cursors have handles of their own. */
    @Override
    public void close() {
        syncLock.lock();
        appendLock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            for (Segment segment : retired) {
                segment.release();
            }
            open.release();
        } catch (IOException e) {
            LOG.warn("a segment of the journal was not closed cleanly", e);
        } finally {
            lock.close();
            appendLock.unlock();
            syncLock.unlock();
        }
    }

    private void checkUsable() throws JournalException {
        if (failed || closed) {
            throw new JournalException(Kind.FAILED, closed ? "the journal is closed" : "the journal has failed");
        }
    }

    private JournalException fail(String message, IOException cause) {
        failed = true;
        return new JournalException(Kind.FAILED, message, cause);
    }
}
