package org.openvrg.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.JournalException.Kind;
import org.openvrg.api.file.DurableFile;

/**
 * A file with one bit per unit of a volume: what dirty bitmap and activity log have in common.
 *
 * <pre>
 *    0  8 magic
 *    8  4 version, 1
 *   12  4 bytes per unit
 *   16  8 bytes of the volume
 *   24  4 CRC32C of bytes 0 to 23
 *   28    zero
 * 4096    bits; unit n is bit n mod 8 of byte n / 8; filled up to a multiple of 8 bytes with zeroes
 * </pre>
 *
 * <p>Numbers of the header are big-endian. The file is written whole, so that later stores need no space; it comes into
 * place by a rename, so that a crash leaves either none or a whole one. Stateless but for the channel.
 */
final class BitFile {
    /** Place of the first bit. */
    static final int BITS_AT = 4096;

    /** Most units of one file: 2^33, which is 1 GiB of bits. */
    static final long MAX_UNITS = 1L << 33;

    private static final int VERSION = 1;
    private static final int CRC_AT = 24;
    private static final int CHUNK_BYTES = 64 * 1024;

    private BitFile() {}

    /** An opened file, and whether it had to be made again because it was damaged. */
    record Opened(FileChannel channel, boolean wasDamaged) {}

    /** Units of a volume. */
    static long units(long volumeBytes, long unitBytes) {
        long units = (volumeBytes - 1) / unitBytes + 1;
        if (volumeBytes < 1 || units > MAX_UNITS) {
            throw new IllegalArgumentException("a volume of " + volumeBytes + " bytes is not within 1.." + MAX_UNITS
                    + " units of " + unitBytes + " bytes");
        }
        return units;
    }

    /** Length of the bits of so many units, a multiple of 8. */
    static long bitBytes(long units) {
        return (units + Long.SIZE - 1) / Long.SIZE * Long.BYTES;
    }

    /** Opens a file; an absent one is made with all bits clear, a wrong or damaged one made again with all bits set. */
    static Opened open(Path file, long magic, long volumeBytes, int unitBytes) throws JournalException {
        long units = units(volumeBytes, unitBytes);
        ByteBuffer header = header(magic, volumeBytes, unitBytes);
        try {
            boolean absent = !Files.exists(file);
            boolean damaged = !absent && !isSound(file, header, units);
            if (absent || damaged) {
                create(file, header, units, damaged);
            }
            return new Opened(FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE), damaged);
        } catch (IOException e) {
            throw new JournalException(Kind.FAILED, "a bitmap file cannot be opened", e);
        }
    }

    private static ByteBuffer header(long magic, long volumeBytes, int unitBytes) {
        ByteBuffer header = ByteBuffer.allocate(BITS_AT);
        header.putLong(magic).putInt(VERSION).putInt(unitBytes).putLong(volumeBytes);
        CRC32C crc = new CRC32C();
        crc.update(header.array(), 0, CRC_AT);
        return header.putInt((int) crc.getValue()).clear();
    }

    private static boolean isSound(Path file, ByteBuffer header, long units) throws IOException {
        if (Files.size(file) != BITS_AT + bitBytes(units)) {
            return false;
        }
        ByteBuffer found = ByteBuffer.allocate(BITS_AT);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (found.hasRemaining() && channel.read(found) >= 0) {
                // until full or at the end of the file
            }
        }
        return found.flip().equals(header);
    }

    private static void create(Path file, ByteBuffer header, long units, boolean set) throws IOException {
        Path directory = Optional.ofNullable(file.toAbsolutePath().getParent()).orElseThrow();
        Files.createDirectories(directory);
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                fresh, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            writeFully(channel, header.duplicate(), 0);
            byte[] chunk = new byte[CHUNK_BYTES];
            if (set) {
                Arrays.fill(chunk, (byte) 0xff);
            }
            long whole = set ? units / Byte.SIZE : bitBytes(units);
            long at = 0;
            while (at < whole) {
                int bytes = (int) Math.min(chunk.length, whole - at);
                writeFully(channel, ByteBuffer.wrap(chunk, 0, bytes), BITS_AT + at);
                at += bytes;
            }
            ByteBuffer tail = ByteBuffer.allocate((int) (bitBytes(units) - whole));
            if (tail.hasRemaining()) {
                tail.put(0, (byte) ((1 << (units % Byte.SIZE)) - 1));
                writeFully(channel, tail, BITS_AT + whole);
            }
            channel.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        DurableFile.syncFolder(directory);
    }

    /** Writes all of a buffer at a position of a file. */
    static void writeFully(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
    }
}
