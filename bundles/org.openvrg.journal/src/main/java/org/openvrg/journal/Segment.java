package org.openvrg.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.openvrg.api.file.DurableFile;

/**
 * One segment file of a journal: open (one, the last), retired (full, not yet synced) or closed.
 *
 * <p>Written by the journal under its locks; what cursors read is volatile and set in the order end, then last index,
 * so that a record whose index is visible can be read whole.
 */
final class Segment {
    private final long epoch;
    private final long firstIndex;
    private final int salt;
    private volatile Path file;
    private volatile FileChannel channel;
    private volatile long endBytes;
    private volatile long lastIndex;
    private long lastSequence;

    private Segment(Path file, SegmentFormat.Name name, long lastIndex, long lastSequence, long endBytes) {
        this.file = file;
        this.epoch = name.epoch();
        this.firstIndex = name.firstIndex();
        this.salt = name.salt();
        this.lastIndex = lastIndex;
        this.lastSequence = lastSequence;
        this.endBytes = endBytes;
    }

    /** Creates the file of a new open segment; neither it nor the directory is synced. */
    static Segment create(Path directory, long epoch, long firstIndex, long previousSequence, boolean epochBegun)
            throws IOException {
        int salt = ThreadLocalRandom.current().nextInt();
        var name = new SegmentFormat.Name(true, epoch, firstIndex, firstIndex - 1, previousSequence, salt);
        var header = new SegmentFormat.Header(epoch, firstIndex, previousSequence, epochBegun, salt);
        Path file = directory.resolve(name.text());
        Segment segment = new Segment(file, name, firstIndex - 1, previousSequence, SegmentFormat.SEGMENT_HEADER_BYTES);
        segment.channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        segment.writeHeader(header);
        return segment;
    }

    /** A segment found by recovery; {@link #openForAppend} makes it writable. */
    static Segment found(Path file, SegmentFormat.Name name, long lastIndex, long lastSequence, long endBytes) {
        return new Segment(file, name, lastIndex, lastSequence, endBytes);
    }

    /** Opens the file for more records behind {@link #endBytes}; cuts what lies behind. */
    void openForAppend() throws IOException {
        FileChannel opened = FileChannel.open(file, StandardOpenOption.WRITE);
        channel = opened;
        opened.truncate(endBytes).position(endBytes);
    }

    /** Writes the header and goes to the end of the segment. */
    void writeHeader(SegmentFormat.Header header) throws IOException {
        ByteBuffer bytes = header.encode();
        while (bytes.hasRemaining()) {
            channel.write(bytes, bytes.position());
        }
        channel.position(endBytes);
    }

    /** Appends the parts of one record in one gathering write, as far as the system takes it at once. */
    void append(ByteBuffer[] parts, long bytes, long sequence) throws IOException {
        long left = bytes;
        while (left > 0) {
            left -= channel.write(parts);
        }
        long end = endBytes + bytes;
        long index = lastIndex + 1;
        lastSequence = sequence;
        endBytes = end;
        lastIndex = index;
    }

    /** Brings the data of the file to stable storage. */
    void force() throws IOException {
        channel.force(false);
    }

    /** Gives a synced file its closed name. */
    void close() throws IOException {
        release();
        var name = new SegmentFormat.Name(false, epoch, firstIndex, lastIndex, lastSequence, salt);
        Path closed = file.resolveSibling(name.text());
        Files.move(file, closed, StandardCopyOption.ATOMIC_MOVE);
        file = closed;
    }

    /**
     * Gives synced segments their closed names and deletes the empty ones among them, once all names are on stable
     * storage.
     *
     * @return bytes that the deleted ones had
     */
    static long closeSynced(List<Segment> synced, Path directory) throws IOException {
        for (Segment segment : synced) {
            if (!segment.isEmpty()) {
                segment.close();
            }
        }
        DurableFile.syncFolder(directory);
        long freed = 0;
        for (Segment segment : synced) {
            if (segment.isEmpty()) {
                segment.delete();
                freed += segment.endBytes();
            }
        }
        return freed;
    }

    /** Gives the file handle back and leaves the file as it is. */
    void release() throws IOException {
        FileChannel open = channel;
        if (open != null) {
            open.close();
        }
    }

    /** Deletes the file. */
    void delete() throws IOException {
        release();
        Files.deleteIfExists(file);
    }

    boolean isEmpty() {
        return lastIndex < firstIndex;
    }

    Path file() {
        return file;
    }

    long epoch() {
        return epoch;
    }

    long firstIndex() {
        return firstIndex;
    }

    long lastIndex() {
        return lastIndex;
    }

    long endBytes() {
        return endBytes;
    }

    int salt() {
        return salt;
    }
}
