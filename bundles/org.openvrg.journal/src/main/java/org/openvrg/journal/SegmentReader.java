package org.openvrg.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;

/**
 * Reads records of one segment file through a window in memory, forwards at best. It has a channel of its own: an
 * interrupt of the reading thread closes only that.
 *
 * <p>The window has 64 KiB, and 1 MiB and a header from the first larger record on. For one thread.
 */
final class SegmentReader implements AutoCloseable {
    private static final int SMALL_WINDOW_BYTES = 64 * 1024;
    private static final int LARGE_WINDOW_BYTES = SegmentFormat.RECORD_HEADER_BYTES + StreamRecord.MAX_PAYLOAD_BYTES;

    private final FileChannel channel;
    private final int salt;
    private final CRC32C crc = new CRC32C();
    private ByteBuffer window = ByteBuffer.allocateDirect(SMALL_WINDOW_BYTES).limit(0);
    private long windowStart;
    private long position;
    private int payloadBytes;
    private long index;
    private long sequence;
    private RecordType type = RecordType.WRITE;

    SegmentReader(Path file, int salt) throws IOException {
        this.channel = FileChannel.open(file, StandardOpenOption.READ);
        this.salt = salt;
    }

    /** Length of the file at this moment. */
    long fileBytes() throws IOException {
        return channel.size();
    }

    /** The first bytes of the file, at most a segment header. */
    ByteBuffer segmentHeader() throws IOException {
        int wanted = (int) Math.min(channel.size(), SegmentFormat.SEGMENT_HEADER_BYTES);
        int at = load(0, wanted, wanted);
        return at < 0 ? ByteBuffer.allocate(0) : window.slice(at, wanted);
    }

    /**
     * Reads the header of the record at a position; on success the accessors tell of it.
     *
     * @param end exclusive end of what may be read
     * @return whether the header is intact and its record ends within {@code end}
     */
    boolean header(long at, long end) throws IOException {
        int place = load(at, SegmentFormat.RECORD_HEADER_BYTES, end);
        if (place < 0 || !SegmentFormat.isRecordHeader(window, place, salt, crc)) {
            return false;
        }
        int bytes = SegmentFormat.payloadBytes(window, place);
        if (at + SegmentFormat.RECORD_HEADER_BYTES + bytes > end) {
            return false;
        }
        position = at;
        payloadBytes = bytes;
        index = SegmentFormat.index(window, place);
        sequence = SegmentFormat.sequence(window, place);
        type = SegmentFormat.type(window, place);
        return true;
    }

    /** Whether the payload of the record that {@link #header} found is intact. */
    boolean isPayloadIntact() throws IOException {
        int place = load(position, SegmentFormat.RECORD_HEADER_BYTES + payloadBytes, recordEnd());
        return place >= 0 && SegmentFormat.isPayloadIntact(window, place, crc);
    }

    /** The record whose payload was found intact; valid until anything else is read. */
    StreamRecord record() {
        return SegmentFormat.record(window, (int) (position - windowStart));
    }

    /**
     * Searches for the next intact header, byte by byte.
     *
     * @return its position, -1 when there is none; on success the accessors tell of it
     */
    long find(long from, long end) throws IOException {
        long at = from;
        while (at + SegmentFormat.RECORD_HEADER_BYTES <= end) {
            int place = load(at, SegmentFormat.RECORD_HEADER_BYTES, end);
            if (place < 0) {
                return -1;
            }
            int last = window.limit() - SegmentFormat.RECORD_HEADER_BYTES;
            for (; place <= last; place++) {
                if (SegmentFormat.isRecordHeader(window, place, salt, crc)) {
                    break;
                }
            }
            at = windowStart + place;
            if (place <= last) {
                if (header(at, end)) {
                    return at;
                }
                at++;
            }
        }
        return -1;
    }

    /** Exclusive end of the record that {@link #header} found. */
    long recordEnd() {
        return position + SegmentFormat.RECORD_HEADER_BYTES + payloadBytes;
    }

    long index() {
        return index;
    }

    long sequence() {
        return sequence;
    }

    RecordType type() {
        return type;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** Brings bytes into the window; answers their place in it, -1 when the file has not so many. */
    private int load(long at, int bytes, long end) throws IOException {
        if (at + bytes > end) {
            return -1;
        }
        if (at >= windowStart && at + bytes <= windowStart + window.limit()) {
            return (int) (at - windowStart);
        }
        if (bytes > window.capacity()) {
            window = ByteBuffer.allocateDirect(LARGE_WINDOW_BYTES);
        }
        window.clear().limit((int) Math.min(window.capacity(), end - at));
        windowStart = at;
        while (window.hasRemaining() && channel.read(window, at + window.position()) >= 0) {
            // until full or at the end of the file
        }
        window.flip();
        return window.limit() >= bytes ? 0 : -1;
    }
}
