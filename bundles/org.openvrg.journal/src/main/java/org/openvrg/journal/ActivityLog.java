package org.openvrg.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.JournalException.Kind;

/**
 * Which 4 MiB extents of one volume may hold writes that are not yet safe: after a power loss exactly these have to be
 * brought into step again. One bit per extent in a file, synced when an extent becomes hot and only then, so that
 * steady writes cost no sync.
 *
 * <p>An extent found set by {@link #open} may hold writes of an unknown sequence: {@link #release} leaves it until
 * {@link #adoptRecovered} names one or {@link #clearAll} clears it.
 *
 * <p>The file is written whole when it is made: 4 KiB and 32 KiB per TiB of the volume. In memory: 64 KiB per TiB, and
 * about 100 bytes per hot extent.
 *
 * <p>Thread-safe. Touching hot extents waits for no I/O; callers that make extents hot at the same time share a sync. A
 * failed write or sync fails the log for good.
 */
public final class ActivityLog implements AutoCloseable {
    /** Length of an extent: 4 MiB. */
    public static final int EXTENT_BYTES = 4 * 1024 * 1024;

    private static final long MAGIC = 0x5652474143544c47L;
    private static final long UNKNOWN_SEQUENCE = Long.MAX_VALUE;

    private final FileChannel channel;
    private final long volumeBytes;
    private final boolean wasDamaged;

    /** Taken before {@link #stateLock}; held while the file is written. */
    private final ReentrantLock fileLock = new ReentrantLock();

    private final ReentrantLock stateLock = new ReentrantLock();

    /** Extents that must be set in the file; those that are, on stable storage; newest sequence of each wanted one. */
    private final BitSet wanted;

    private final BitSet stable;
    private final Map<Integer, Long> newest = new HashMap<>();
    private volatile boolean failed;
    private boolean closed;

    private ActivityLog(FileChannel channel, long volumeBytes, boolean wasDamaged, BitSet found) {
        this.channel = channel;
        this.volumeBytes = volumeBytes;
        this.wasDamaged = wasDamaged;
        this.wanted = found;
        this.stable = (BitSet) found.clone();
        found.stream().forEach(extent -> newest.put(extent, UNKNOWN_SEQUENCE));
    }

    /**
     * Opens the log of a volume, or makes it with no extent set. In a wrong or damaged file every extent is taken as
     * set.
     *
     * @throws IllegalArgumentException for a size that is not positive, or more than 8 PiB
     * @throws JournalException FAILED when the file cannot be read or written
     */
    public static ActivityLog open(Path file, long volumeBytes) throws JournalException {
        long extents = BitFile.units(volumeBytes, EXTENT_BYTES);
        if (extents > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a volume of " + volumeBytes + " bytes has too many extents");
        }
        BitFile.Opened opened = BitFile.open(file, MAGIC, volumeBytes, EXTENT_BYTES);
        FileChannel channel = opened.channel();
        try {
            ByteBuffer bits = ByteBuffer.allocate((int) BitFile.bitBytes(extents));
            while (bits.hasRemaining() && channel.read(bits, BitFile.BITS_AT + bits.position()) >= 0) {
                // until full or at the end of the file
            }
            // what a killed process wrote may not be on stable storage yet
            channel.force(false);
            BitSet found =
                    BitSet.valueOf(bits.flip().order(ByteOrder.LITTLE_ENDIAN)).get(0, (int) extents);
            return new ActivityLog(channel, volumeBytes, opened.wasDamaged(), found);
        } catch (IOException e) {
            closeAfter(channel, e);
            throw new JournalException(Kind.FAILED, "an activity log cannot be read", e);
        }
    }

    private static void closeAfter(FileChannel channel, IOException failure) {
        try {
            channel.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    /**
     * Makes sure that the extents of a range are set on stable storage; to be called before a write is acknowledged.
     *
     * @param sequence sequence of the write
     * @throws JournalException FAILED when that did not succeed
     * @throws IllegalArgumentException when the range is not within the volume
     */
    public void touch(long offsetBytes, long lengthBytes, long sequence) throws JournalException {
        if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes > volumeBytes - lengthBytes) {
            throw new IllegalArgumentException("a range is not within the volume");
        }
        if (lengthBytes == 0) {
            return;
        }
        int first = (int) (offsetBytes / EXTENT_BYTES);
        int end = (int) ((offsetBytes + lengthBytes - 1) / EXTENT_BYTES) + 1;
        stateLock.lock();
        try {
            checkUsable();
            for (int extent = first; extent < end; extent++) {
                newest.merge(extent, sequence, Math::max);
            }
            wanted.set(first, end);
            if (stable.nextClearBit(first) >= end) {
                return;
            }
        } finally {
            stateLock.unlock();
        }
        makeStable(first, end);
    }

    private void makeStable(int first, int end) throws JournalException {
        fileLock.lock();
        try {
            BitSet written;
            stateLock.lock();
            try {
                checkUsable();
                if (stable.nextClearBit(first) >= end) {
                    return;
                }
                written = (BitSet) wanted.clone();
                BitSet changed = (BitSet) wanted.clone();
                changed.andNot(stable);
                first = changed.nextSetBit(0);
                end = changed.length();
            } finally {
                stateLock.unlock();
            }
            write(written, first, end);
            force();
            stateLock.lock();
            try {
                written.and(wanted);
                stable.or(written);
            } finally {
                stateLock.unlock();
            }
        } finally {
            fileLock.unlock();
        }
    }

    /**
     * Clears the extents whose newest write has a sequence up to the given one, without a sync: after a power loss some
     * may be set again.
     *
     * @throws JournalException FAILED when the file cannot be written
     */
    public void release(long durableSequence) throws JournalException {
        clear(durableSequence, false);
    }

    /**
     * Gives the extents that {@link #open} found set a sequence, so that {@link #release} clears them: for when the
     * journal kept all their writes, up to this sequence.
     */
    public void adoptRecovered(long sequence) {
        stateLock.lock();
        try {
            newest.replaceAll((extent, known) -> known == UNKNOWN_SEQUENCE ? Long.valueOf(sequence) : known);
        } finally {
            stateLock.unlock();
        }
    }

    /**
     * Clears every extent, also those found at the start, without a sync.
     *
     * @throws JournalException FAILED when the file cannot be written
     */
    public void clearAll() throws JournalException {
        clear(0, true);
    }

    private void clear(long durableSequence, boolean all) throws JournalException {
        fileLock.lock();
        try {
            BitSet written;
            BitSet cleared = new BitSet();
            stateLock.lock();
            try {
                checkUsable();
                newest.forEach((extent, sequence) -> {
                    if (all || (sequence != UNKNOWN_SEQUENCE && sequence <= durableSequence)) {
                        cleared.set(extent);
                    }
                });
                if (cleared.isEmpty()) {
                    return;
                }
                newest.keySet().removeIf(cleared::get);
                wanted.andNot(cleared);
                stable.andNot(cleared);
                written = (BitSet) wanted.clone();
            } finally {
                stateLock.unlock();
            }
            write(written, cleared.nextSetBit(0), cleared.length());
        } finally {
            fileLock.unlock();
        }
    }

    /** Extents that may hold unsafe writes; after {@link #open} those of the last run. */
    public BitSet extents() {
        stateLock.lock();
        try {
            return (BitSet) wanted.clone();
        } finally {
            stateLock.unlock();
        }
    }

    /** Number of set extents. */
    public int hotExtents() {
        stateLock.lock();
        try {
            return wanted.cardinality();
        } finally {
            stateLock.unlock();
        }
    }

    /** Whether a write or sync failed: it takes nothing more. */
    public boolean failed() {
        return failed;
    }

    /** Length of an extent in bytes. */
    public long extentBytes() {
        return EXTENT_BYTES;
    }

    /** Whether the file was wrong or damaged when it was opened; every extent was set then. */
    public boolean wasDamaged() {
        return wasDamaged;
    }

    /** Gives the file handle back. Does not sync. */
    @Override
    public void close() {
        fileLock.lock();
        stateLock.lock();
        try {
            closed = true;
            channel.close();
        } catch (IOException e) {
            failed = true;
        } finally {
            stateLock.unlock();
            fileLock.unlock();
        }
    }

    /** Writes the words that hold the bits from first to end, under the file lock. */
    private void write(BitSet bits, int first, int end) throws JournalException {
        int firstWord = first / Long.SIZE;
        int endWord = (end - 1) / Long.SIZE + 1;
        ByteBuffer out = ByteBuffer.allocate((endWord - firstWord) * Long.BYTES);
        out.put(bits.get(firstWord * Long.SIZE, (int) Math.min((long) endWord * Long.SIZE, Integer.MAX_VALUE))
                .toByteArray());
        boolean interrupted = Thread.interrupted();
        try {
            BitFile.writeFully(channel, out.clear(), BitFile.BITS_AT + (long) firstWord * Long.BYTES);
        } catch (IOException e) {
            throw fail(e);
        } finally {
            Interrupts.restore(interrupted);
        }
    }

    private void force() throws JournalException {
        boolean interrupted = Thread.interrupted();
        try {
            channel.force(false);
        } catch (IOException e) {
            throw fail(e);
        } finally {
            Interrupts.restore(interrupted);
        }
    }

    private JournalException fail(IOException cause) {
        failed = true;
        return new JournalException(Kind.FAILED, "an activity log cannot be written", cause);
    }

    private void checkUsable() throws JournalException {
        if (failed || closed) {
            throw new JournalException(Kind.FAILED, closed ? "the activity log is closed" : "the activity log failed");
        }
    }
}
