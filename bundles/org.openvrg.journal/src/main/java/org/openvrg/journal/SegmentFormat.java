package org.openvrg.journal;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeKey;

/**
 * Names and bytes of segment files: the one place that knows them. All numbers are big-endian.
 *
 * <pre>
 * segment header, 64 bytes                     record header, 64 bytes, then the payload
 *  0  8 magic "VRGJSEG1"                        0  3 magic "VRJ"
 *  8  4 version, 1                              3  1 type, see RecordType
 * 12  4 salt, random                            4  4 payload length
 * 16  8 epoch                                   8  8 index
 * 24  8 index of the first record              16  8 sequence
 * 32  8 newest sequence before it              24 16 volume key
 * 40  4 flags, bit 0: the epoch has a          40  8 offset
 *       sequenced record already               48  8 length
 * 44 16 zero                                   56  4 CRC32C of the payload
 * 60  4 CRC32C of bytes 0 to 59                60  4 CRC32C of bytes 0 to 59 and the salt
 * </pre>
 *
 * <p>File names, all numbers in lower-case hexadecimal with leading zeroes:
 *
 * <pre>
 * epoch(16)-firstIndex(16)-newestSequenceBefore(16)-salt(8).open             may still grow, or is not yet synced
 * epoch(16)-firstIndex(16)-lastIndex(16)-newestSequence(16)-salt(8).seg      closed: synced before it got this name
 * </pre>
 *
 * <p>The salt keeps a guest from planting bytes in its writes that a search behind a damaged place would take for a
 * record. It stands in the name too, so that a lost segment header loses no record. Stateless.
 */
final class SegmentFormat {
    /** Length of a segment's header in bytes. */
    static final int SEGMENT_HEADER_BYTES = 64;

    /** Length of a record's header in bytes. */
    static final int RECORD_HEADER_BYTES = 64;

    /** Largest index that a name or a record may have; far beyond what is ever reached, and far from an overflow. */
    static final long MAX_INDEX = 1L << 62;

    private static final int VERSION = 1;
    private static final long SEGMENT_MAGIC = 0x5652474a53454731L;
    private static final int RECORD_MAGIC = 0x56524a;
    private static final int FLAG_EPOCH_BEGUN = 1;
    private static final int CRC_AT = 60;

    private static final Pattern OPEN =
            Pattern.compile("([0-7][0-9a-f]{15})-([0-7][0-9a-f]{15})-([0-7][0-9a-f]{15})-([0-9a-f]{8})\\.open");
    private static final Pattern CLOSED = Pattern.compile(
            "([0-7][0-9a-f]{15})-([0-7][0-9a-f]{15})-([0-7][0-9a-f]{15})-([0-7][0-9a-f]{15})-([0-9a-f]{8})\\.seg");

    private SegmentFormat() {}

    /**
     * What a file's name tells.
     *
     * @param lastIndex index of the last record, {@code firstIndex - 1} for an open segment
     * @param sequence newest sequence: before the segment while it is open, at its end once it is closed
     */
    record Name(boolean open, long epoch, long firstIndex, long lastIndex, long sequence, int salt) {
        /** The file name. */
        String text() {
            return open
                    ? String.format("%016x-%016x-%016x-%08x.open", epoch, firstIndex, sequence, salt)
                    : String.format("%016x-%016x-%016x-%016x-%08x.seg", epoch, firstIndex, lastIndex, sequence, salt);
        }

        /** The meaning of a file name, empty when it is not that of a segment. */
        static Optional<Name> parse(String text) {
            Matcher open = OPEN.matcher(text);
            if (open.matches()) {
                long first = hex(open.group(2));
                return checked(new Name(
                        true,
                        hex(open.group(1)),
                        first,
                        first - 1,
                        hex(open.group(3)),
                        Integer.parseUnsignedInt(open.group(4), 16)));
            }
            Matcher closed = CLOSED.matcher(text);
            if (closed.matches()) {
                return checked(new Name(
                        false,
                        hex(closed.group(1)),
                        hex(closed.group(2)),
                        hex(closed.group(3)),
                        hex(closed.group(4)),
                        Integer.parseUnsignedInt(closed.group(5), 16)));
            }
            return Optional.empty();
        }

        private static Optional<Name> checked(Name name) {
            boolean sound = name.firstIndex >= 1
                    && name.firstIndex <= MAX_INDEX
                    && (name.open || (name.lastIndex >= name.firstIndex && name.lastIndex <= MAX_INDEX));
            return sound ? Optional.of(name) : Optional.empty();
        }

        private static long hex(String digits) {
            return Long.parseLong(digits, 16);
        }
    }

    /** What a segment's header tells; see the table above. */
    record Header(long epoch, long firstIndex, long previousSequence, boolean epochBegun, int salt) {
        /** The encoded form, ready to be written. */
        ByteBuffer encode() {
            ByteBuffer out = ByteBuffer.allocate(SEGMENT_HEADER_BYTES);
            out.putLong(SEGMENT_MAGIC)
                    .putInt(VERSION)
                    .putInt(salt)
                    .putLong(epoch)
                    .putLong(firstIndex);
            out.putLong(previousSequence).putInt(epochBegun ? FLAG_EPOCH_BEGUN : 0);
            return out.putInt(CRC_AT, crcOf(out)).clear();
        }

        /**
         * Reads the encoded form.
         *
         * @return empty when the bytes are too few or damaged
         * @throws JournalException DAMAGED for an intact header of another version
         */
        static Optional<Header> decode(ByteBuffer in) throws JournalException {
            if (in.remaining() < SEGMENT_HEADER_BYTES) {
                return Optional.empty();
            }
            ByteBuffer bytes = in.slice();
            if (bytes.getLong(0) != SEGMENT_MAGIC || bytes.getInt(CRC_AT) != crcOf(bytes)) {
                return Optional.empty();
            }
            if (bytes.getInt(8) != VERSION) {
                throw new JournalException(
                        JournalException.Kind.DAMAGED,
                        "a segment has format version " + bytes.getInt(8) + ", this gateway knows " + VERSION);
            }
            return Optional.of(new Header(
                    bytes.getLong(16),
                    bytes.getLong(24),
                    bytes.getLong(32),
                    (bytes.getInt(40) & FLAG_EPOCH_BEGUN) != 0,
                    bytes.getInt(12)));
        }

        private static int crcOf(ByteBuffer bytes) {
            CRC32C crc = new CRC32C();
            crc.update(bytes.duplicate().clear().limit(CRC_AT));
            return (int) crc.getValue();
        }
    }

    /** Fills a record's header into the first 64 bytes of a buffer and makes it ready to be written. */
    static void putRecordHeader(ByteBuffer out, StreamRecord record, long index, int payloadCrc, int salt, CRC32C crc) {
        out.clear();
        out.putInt(RECORD_MAGIC << 8 | record.type().code());
        out.putInt(record.payload().remaining());
        out.putLong(index).putLong(record.sequence());
        out.putLong(record.volume().high()).putLong(record.volume().low());
        out.putLong(record.offsetBytes()).putLong(record.lengthBytes());
        out.putInt(payloadCrc);
        // the salt lies where the CRC will stand, so that one pass covers both
        out.putInt(salt).flip();
        crc.reset();
        crc.update(out);
        out.putInt(CRC_AT, (int) crc.getValue()).rewind();
    }

    /** Whether an intact record header made with this salt stands at a place of a buffer. */
    static boolean isRecordHeader(ByteBuffer in, int at, int salt, CRC32C crc) {
        if (in.getInt(at) >>> 8 != RECORD_MAGIC) {
            return false;
        }
        crc.reset();
        crc.update(in.duplicate().limit(at + CRC_AT).position(at));
        crc.update(salt >>> 24);
        crc.update(salt >>> 16);
        crc.update(salt >>> 8);
        crc.update(salt);
        return (int) crc.getValue() == in.getInt(at + CRC_AT)
                && RecordType.ofCode(in.get(at + 3)).isPresent()
                && index(in, at) >= 1
                && index(in, at) <= MAX_INDEX
                && payloadBytes(in, at) >= 0
                && payloadBytes(in, at) <= StreamRecord.MAX_PAYLOAD_BYTES;
    }

    /** Length of the payload of the record whose intact header stands at a place. */
    static int payloadBytes(ByteBuffer in, int at) {
        return in.getInt(at + 4);
    }

    /** Index of the record whose intact header stands at a place. */
    static long index(ByteBuffer in, int at) {
        return in.getLong(at + 8);
    }

    /** Sequence of the record whose intact header stands at a place. */
    static long sequence(ByteBuffer in, int at) {
        return in.getLong(at + 16);
    }

    /** Type of the record whose intact header stands at a place. */
    static RecordType type(ByteBuffer in, int at) {
        return RecordType.ofCode(in.get(at + 3)).orElseThrow();
    }

    /** Whether the payload behind an intact header has the CRC that the header names. */
    static boolean isPayloadIntact(ByteBuffer in, int at, CRC32C crc) {
        crc.reset();
        crc.update(payload(in, at));
        return (int) crc.getValue() == in.getInt(at + 56);
    }

    /**
     * The record at a place; its payload is a view of the buffer.
     *
     * @throws IllegalArgumentException when the fields do not fit one another
     */
    static StreamRecord record(ByteBuffer in, int at) {
        return new StreamRecord(
                sequence(in, at),
                type(in, at),
                new VolumeKey(in.getLong(at + 24), in.getLong(at + 32)),
                in.getLong(at + 40),
                in.getLong(at + 48),
                payload(in, at).slice().asReadOnlyBuffer());
    }

    private static ByteBuffer payload(ByteBuffer in, int at) {
        int start = at + RECORD_HEADER_BYTES;
        return in.duplicate().limit(start + payloadBytes(in, at)).position(start);
    }
}
