package org.openvrg.journal;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.JournalException.Kind;

/**
 * Which blocks of a volume changed since it was last in step, in a memory-mapped file: a mark survives the death of the
 * process at once, a power loss only after {@link #sync} (what lies between is in the {@link ActivityLog}).
 *
 * <p>A wrong or damaged file never makes a block clean: then all blocks are dirty and {@link #wasDamaged} says so. The
 * bits themselves carry no checksum.
 *
 * <p>The file is written whole when it is made, so that a full disk fails {@link #open} and not a mark. With blocks of
 * 64 KiB it takes 2 MiB per TiB of the volume, on disk and in the page cache.
 *
 * <p>Thread-safe and lock-free; after {@link #close} no method may be called.
 */
public final class DirtyBitmap implements AutoCloseable {
    /** The usual block: 64 KiB. */
    public static final int DEFAULT_BLOCK_BYTES = 64 * 1024;

    private static final long MAGIC = 0x5652474449525459L;
    private static final int MIN_BLOCK_BYTES = 512;
    private static final int MAX_BLOCK_BYTES = 16 * 1024 * 1024;
    private static final VarHandle WORDS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final MappedByteBuffer bits;
    private final long volumeBytes;
    private final int blockBytes;
    private final long blockCount;
    private final boolean wasDamaged;
    private volatile boolean closed;

    private DirtyBitmap(Path file, MappedByteBuffer bits, long volumeBytes, int blockBytes, boolean wasDamaged) {
        this.file = file;
        this.bits = bits;
        this.volumeBytes = volumeBytes;
        this.blockBytes = blockBytes;
        this.blockCount = BitFile.units(volumeBytes, blockBytes);
        this.wasDamaged = wasDamaged;
    }

    /**
     * Opens the bitmap of a volume, or makes it with all blocks clean.
     *
     * @param blockBytes a power of two from 512 bytes to 16 MiB
     * @throws IllegalArgumentException when a size is out of range
     * @throws JournalException FAILED when the file cannot be read or written
     */
    public static DirtyBitmap open(Path file, long volumeBytes, int blockBytes) throws JournalException {
        if (Integer.bitCount(blockBytes) != 1 || blockBytes < MIN_BLOCK_BYTES || blockBytes > MAX_BLOCK_BYTES) {
            throw new IllegalArgumentException("blocks of " + blockBytes + " bytes are no power of two within "
                    + MIN_BLOCK_BYTES + ".." + MAX_BLOCK_BYTES);
        }
        BitFile.Opened opened = BitFile.open(file, MAGIC, volumeBytes, blockBytes);
        try (FileChannel channel = opened.channel()) {
            long bytes = BitFile.bitBytes(BitFile.units(volumeBytes, blockBytes));
            MappedByteBuffer bits = channel.map(FileChannel.MapMode.READ_WRITE, BitFile.BITS_AT, bytes);
            return new DirtyBitmap(file, bits, volumeBytes, blockBytes, opened.wasDamaged());
        } catch (IOException e) {
            throw new JournalException(Kind.FAILED, "a dirty bitmap cannot be mapped", e);
        }
    }

    /**
     * Marks all blocks that a range touches. A part behind the end of the volume is ignored.
     *
     * @throws IllegalArgumentException for a negative offset or length
     */
    public void mark(long offsetBytes, long lengthBytes) {
        checkOpen();
        if (offsetBytes < 0 || lengthBytes < 0) {
            throw new IllegalArgumentException("offset and length are not negative");
        }
        if (lengthBytes == 0 || offsetBytes >= volumeBytes) {
            return;
        }
        long last = lengthBytes > volumeBytes - offsetBytes ? volumeBytes - 1 : offsetBytes + lengthBytes - 1;
        set(offsetBytes / blockBytes, last / blockBytes);
    }

    /** Marks all blocks. */
    public void markAll() {
        checkOpen();
        set(0, blockCount - 1);
    }

    private void set(long first, long last) {
        for (long word = first / Long.SIZE; word <= last / Long.SIZE; word++) {
            long mask = -1L;
            if (word == first / Long.SIZE) {
                mask &= -1L << first;
            }
            if (word == last / Long.SIZE) {
                mask &= -1L >>> (Long.SIZE - 1 - last % Long.SIZE);
            }
            if ((word(word) & mask) != mask) {
                WORDS.getAndBitwiseOr(bits, place(word), mask);
            }
        }
    }

    /** Number of dirty blocks; reads the whole bitmap. */
    public long dirtyBlocks() {
        checkOpen();
        long count = 0;
        for (long word = 0; word * Long.SIZE < blockCount; word++) {
            count += Long.bitCount(word(word));
        }
        return count;
    }

    /** Number of blocks. */
    public long blockCount() {
        return blockCount;
    }

    /** Length of a block; the last one of a volume may be shorter. */
    public int blockBytes() {
        return blockBytes;
    }

    /** The first dirty block from a given one on, -1 when there is none. */
    public long nextDirty(long fromBlock) {
        checkOpen();
        if (fromBlock < 0) {
            throw new IndexOutOfBoundsException("block " + fromBlock);
        }
        long mask = -1L << fromBlock;
        for (long word = fromBlock / Long.SIZE; word * Long.SIZE < blockCount; word++) {
            long set = word(word) & mask;
            if (set != 0) {
                long block = word * Long.SIZE + Long.numberOfTrailingZeros(set);
                return block < blockCount ? block : -1;
            }
            mask = -1L;
        }
        return -1;
    }

    /** Whether a block is dirty. */
    public boolean isDirty(long block) {
        checkOpen();
        checkBlock(block);
        return (word(block / Long.SIZE) & 1L << block) != 0;
    }

    /**
     * The dirty blocks of this moment.
     *
     * @throws IllegalStateException for a volume of more than 2^31 - 1 blocks (127 TiB with blocks of 64 KiB)
     */
    public BitSet snapshot() {
        checkOpen();
        if (blockCount > Integer.MAX_VALUE) {
            throw new IllegalStateException("a snapshot has not room for " + blockCount + " blocks");
        }
        long[] words = new long[(int) ((blockCount + Long.SIZE - 1) / Long.SIZE)];
        for (int word = 0; word < words.length; word++) {
            words[word] = word(word);
        }
        return BitSet.valueOf(words).get(0, (int) blockCount);
    }

    /** Makes one block clean. */
    public void clear(long block) {
        checkOpen();
        checkBlock(block);
        WORDS.getAndBitwiseAnd(bits, place(block / Long.SIZE), ~(1L << block));
    }

    /** Makes all blocks clean. */
    public void clearAll() {
        checkOpen();
        for (long word = 0; word * Long.SIZE < blockCount; word++) {
            WORDS.setVolatile(bits, place(word), 0L);
        }
    }

    /**
     * Brings the bitmap to stable storage.
     *
     * @throws JournalException FAILED when that did not succeed
     */
    public void sync() throws JournalException {
        checkOpen();
        boolean interrupted = Thread.interrupted();
        // a sync of the file covers what was stored through the mapping
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(false);
        } catch (IOException e) {
            throw new JournalException(Kind.FAILED, "a dirty bitmap cannot be synced", e);
        } finally {
            Interrupts.restore(interrupted);
        }
    }

    /** Whether the file was wrong or damaged when it was opened; all blocks were dirty then. */
    public boolean wasDamaged() {
        return wasDamaged;
    }

    /** Ends the use; the system writes the file in its own time. */
    @Override
    public void close() {
        closed = true;
    }

    private long word(long word) {
        return (long) WORDS.getVolatile(bits, place(word));
    }

    private static int place(long word) {
        return (int) (word * Long.BYTES);
    }

    private void checkBlock(long block) {
        if (block < 0 || block >= blockCount) {
            throw new IndexOutOfBoundsException("block " + block + " of " + blockCount);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the dirty bitmap is closed");
        }
    }
}
