package org.openvrg.itests;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Reads what QEMU's {@code blklogwrites} recorded, in the format of the kernel's dm-log-writes (described in
 * {@code Documentation/admin-guide/device-mapper/log-writes.rst}). All numbers are little-endian, the unit of places is
 * the sector size that the superblock tells.
 *
 * <pre>
 * superblock, one sector                entry, one sector, then the data (none for a discard)
 *  0  8 magic 0x6a736677736872           0  8 first sector
 *  8  8 version, 1                       8  8 sectors
 * 16  8 number of entries               16  8 flags: 1 flush, 2 FUA, 4 discard, 8 mark
 * 24  4 bytes per sector                24  8 length of a mark's text
 * </pre>
 *
 * <p>One thread.
 */
final class WriteLog implements AutoCloseable {
    private static final long MAGIC = 0x6a736677736872L;
    private static final long FLUSH = 1;
    private static final long DISCARD = 4;
    private static final long MARK = 8;
    private static final int HEADER_BYTES = 32;

    private final FileChannel channel;
    private final long sectorBytes;
    private final long entries;
    private long nextEntry;
    private long at;

    /**
     * One thing that the guest did.
     *
     * @param flush whether the guest asked that everything before it be on stable storage
     * @param discard whether the range is given up; reads as zeroes afterwards
     * @param lengthBytes 0 for a flush alone
     * @param dataAt where the bytes are in the log
     */
    record Entry(boolean flush, boolean discard, long offset, long lengthBytes, long dataAt) {}

    WriteLog(Path file) throws IOException {
        channel = FileChannel.open(file, StandardOpenOption.READ);
        ByteBuffer superblock = read(0, HEADER_BYTES);
        if (superblock.getLong(0) != MAGIC || superblock.getLong(8) != 1) {
            throw new IOException(file + " is no log of dm-log-writes, version 1");
        }
        entries = superblock.getLong(16);
        sectorBytes = superblock.getInt(24);
        at = sectorBytes;
    }

    /** How many entries there are. */
    long entries() {
        return entries;
    }

    /** The next entry, empty at the end; marks are passed over. */
    Optional<Entry> next() throws IOException {
        while (nextEntry < entries) {
            ByteBuffer header = read(at, HEADER_BYTES);
            long flags = header.getLong(16);
            boolean discard = (flags & DISCARD) != 0;
            long offset = header.getLong(0) * sectorBytes;
            long length = header.getLong(8) * sectorBytes;
            long dataAt = at + sectorBytes;
            at = dataAt + (discard ? 0 : length);
            nextEntry++;
            if ((flags & MARK) == 0) {
                return Optional.of(new Entry((flags & FLUSH) != 0, discard, offset, length, dataAt));
            }
        }
        return Optional.empty();
    }

    /** Bytes of an entry, from a place in it; zeroes for a discard. */
    ByteBuffer bytes(Entry entry, long from, int length) throws IOException {
        if (entry.discard()) {
            return ByteBuffer.allocate(length);
        }
        return read(entry.dataAt() + from, length);
    }

    private ByteBuffer read(long from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, from + bytes.position()) < 0) {
                throw new EOFException("the log ends before " + (from + length));
            }
        }
        return bytes.flip();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
