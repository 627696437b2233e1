package org.openvrg.wire;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeKey;
import org.xerial.snappy.Snappy;

/**
 * Records packed for the wire: encoded one behind the other and, when asked for and worth it, compressed as one Snappy
 * block. Immutable.
 *
 * <p>One record, big-endian:
 *
 * <pre>
 *  0 type        u8    {@link RecordType#code}
 *  1 zero        3 bytes
 *  4 payload     u32   number of payload bytes
 *  8 sequence    u64
 * 16 volume      16 bytes {@link VolumeKey}
 * 32 offset      u64
 * 40 length      u64
 * 48 payload bytes
 * </pre>
 */
public final class RecordBatch {
    /** Most bytes of encoded records in a batch: one record of the largest size always fits. */
    public static final int MAX_RAW_BYTES = StreamRecord.MAX_PAYLOAD_BYTES + 4096;

    /** Bytes of a record in front of its payload. */
    static final int RECORD_HEADER_BYTES = 48;

    private static final int FIRST_BUFFER_BYTES = 16 * 1024;

    /** Compression must save at least one part in this many. */
    private static final int LEAST_GAIN = 16;

    private final boolean compressed;
    private final int count;
    private final long first;
    private final long last;
    private final int rawBytes;
    private final byte[] packed;

    private RecordBatch(boolean compressed, int count, long first, long last, int rawBytes, byte[] packed) {
        this.compressed = compressed;
        this.count = count;
        this.first = first;
        this.last = last;
        this.rawBytes = rawBytes;
        this.packed = packed;
    }

    /**
     * A batch as it came from the wire. Its lengths are checked here, its records by {@link #unpack}.
     *
     * @param packed taken over, not copied
     * @throws LinkException when the lengths contradict each other or pass the limit
     */
    static RecordBatch ofPacked(boolean compressed, int count, long first, long last, int rawBytes, byte[] packed)
            throws LinkException {
        if (rawBytes < RECORD_HEADER_BYTES || rawBytes > MAX_RAW_BYTES || count < 1) {
            throw new LinkException("a batch of " + count + " records has " + rawBytes + " bytes; the limit is "
                    + MAX_RAW_BYTES + " and the least one record");
        }
        if ((long) count * RECORD_HEADER_BYTES > rawBytes) {
            throw new LinkException(count + " records do not fit " + rawBytes + " bytes");
        }
        if (first < 0 || last < 0) {
            throw new LinkException("a sequence is not negative");
        }
        if (compressed) {
            int declaredBytes = declaredLength(packed);
            if (declaredBytes != rawBytes || packed.length >= rawBytes) {
                throw new LinkException("a compressed batch of " + packed.length + " bytes declares " + declaredBytes
                        + " bytes, its frame " + rawBytes);
            }
        } else if (packed.length != rawBytes) {
            throw new LinkException("a plain batch has " + packed.length + " bytes, its frame says " + rawBytes);
        }
        return new RecordBatch(compressed, count, first, last, rawBytes, packed);
    }

    private static int declaredLength(byte[] packed) throws LinkException {
        try {
            return Snappy.uncompressedLength(packed, 0, packed.length);
        } catch (IOException e) {
            throw new LinkException("a compressed batch has no valid length", e);
        }
    }

    /**
     * Makes batches. One builder keeps one buffer of up to {@link #MAX_RAW_BYTES}, so share it between VMs that are
     * sent by the same thread.
     *
     * @param compress whether to try compression
     */
    public static Builder builder(boolean compress) {
        return new Builder(compress);
    }

    /** Number of records, at least 1. */
    public int count() {
        return count;
    }

    /** Sequence of the first record. */
    public long first() {
        return first;
    }

    /** Sequence of the last record. */
    public long last() {
        return last;
    }

    /** Bytes of the encoded records before compression. */
    public int rawBytes() {
        return rawBytes;
    }

    /** Bytes that travel. */
    public int packedBytes() {
        return packed.length;
    }

    /** Whether the bytes that travel are compressed. */
    public boolean compressed() {
        return compressed;
    }

    /** The bytes that travel; not to be changed. */
    byte[] packed() {
        return packed;
    }

    /**
     * The records, on heap memory that belongs to them alone or to this batch, and stays valid for as long as they are
     * referred to.
     *
     * @throws LinkException when the content is malformed: nothing of it may be used then
     */
    public List<StreamRecord> unpack() throws LinkException {
        byte[] raw = compressed ? decompress() : packed;
        ByteBuffer in = ByteBuffer.wrap(raw).asReadOnlyBuffer();
        List<StreamRecord> records = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            records.add(readRecord(in));
        }
        if (in.hasRemaining()) {
            throw new LinkException(in.remaining() + " bytes follow the last record of a batch");
        }
        if (records.get(0).sequence() != first || records.get(count - 1).sequence() != last) {
            throw new LinkException("a batch does not begin and end with the sequences of its frame");
        }
        return List.copyOf(records);
    }

    private byte[] decompress() throws LinkException {
        byte[] raw = new byte[rawBytes];
        try {
            int length = Snappy.uncompress(packed, 0, packed.length, raw, 0);
            if (length != rawBytes) {
                throw new LinkException("a compressed batch holds " + length + " bytes instead of " + rawBytes);
            }
            return raw;
        } catch (IOException e) {
            throw new LinkException("a compressed batch is damaged", e);
        }
    }

    private static StreamRecord readRecord(ByteBuffer in) throws LinkException {
        try {
            int head = in.getInt();
            RecordType type = RecordType.ofCode(head >>> 24)
                    .filter(known -> (head & 0xFFFFFF) == 0)
                    .orElseThrow(() -> new LinkException("unknown record type " + Integer.toHexString(head)));
            int payloadBytes = in.getInt();
            long sequence = in.getLong();
            VolumeKey volume = new VolumeKey(in.getLong(), in.getLong());
            long offsetBytes = in.getLong();
            long lengthBytes = in.getLong();
            if (payloadBytes < 0 || payloadBytes > in.remaining()) {
                throw new LinkException("a record is longer than its batch");
            }
            ByteBuffer payload = in.slice(in.position(), payloadBytes);
            in.position(in.position() + payloadBytes);
            return new StreamRecord(sequence, type, volume, offsetBytes, lengthBytes, payload);
        } catch (BufferUnderflowException e) {
            throw new LinkException("a batch ends within a record", e);
        } catch (IllegalArgumentException e) {
            throw new LinkException("a record of a batch is not valid: " + e.getMessage(), e);
        }
    }

    @Override
    public String toString() {
        return "RecordBatch[" + count + " records " + first + ".." + last + ", " + rawBytes + " bytes packed to "
                + packed.length + "]";
    }

    /** Collects records and packs them. Not thread-safe. */
    public static final class Builder {
        private final boolean compress;
        private ByteBuffer raw = ByteBuffer.allocate(FIRST_BUFFER_BYTES);
        private int count;
        private long first;
        private long last;

        private Builder(boolean compress) {
            this.compress = compress;
        }

        /**
         * Adds a record; its payload is copied.
         *
         * @return false, and nothing was added, when the batch would pass {@link #MAX_RAW_BYTES}
         */
        public boolean tryAdd(StreamRecord record) {
            int payloadBytes = record.payload().remaining();
            int needBytes = RECORD_HEADER_BYTES + payloadBytes;
            if (raw.position() + needBytes > MAX_RAW_BYTES) {
                return false;
            }
            reserve(needBytes);
            raw.putInt(record.type().code() << 24)
                    .putInt(payloadBytes)
                    .putLong(record.sequence())
                    .putLong(record.volume().high())
                    .putLong(record.volume().low())
                    .putLong(record.offsetBytes())
                    .putLong(record.lengthBytes())
                    .put(record.payload().duplicate());
            if (count == 0) {
                first = record.sequence();
            }
            last = record.sequence();
            count++;
            return true;
        }

        private void reserve(int needBytes) {
            if (raw.remaining() < needBytes) {
                int wanted = Math.max(raw.position() + needBytes, raw.capacity() * 2);
                raw = ByteBuffer.allocate(Math.min(MAX_RAW_BYTES, wanted)).put(raw.array(), 0, raw.position());
            }
        }

        /** Whether no record is in it. */
        public boolean isEmpty() {
            return count == 0;
        }

        /** Number of records in it. */
        public int count() {
            return count;
        }

        /** Encoded bytes so far. */
        public int rawBytes() {
            return raw.position();
        }

        /**
         * Packs what was added and empties the builder.
         *
         * @throws IllegalStateException when it is empty
         */
        public RecordBatch build() {
            if (count == 0) {
                throw new IllegalStateException("a batch has at least one record");
            }
            int rawBytes = raw.position();
            byte[] squeezed = compress ? squeeze(raw.array(), rawBytes) : new byte[0];
            boolean compressed = squeezed.length > 0;
            byte[] packed = compressed ? squeezed : Arrays.copyOf(raw.array(), rawBytes);
            RecordBatch batch = new RecordBatch(compressed, count, first, last, rawBytes, packed);
            raw.clear();
            count = 0;
            return batch;
        }

        /** The compressed bytes, empty when they save too little. */
        private static byte[] squeeze(byte[] raw, int rawBytes) {
            Objects.checkFromIndexSize(0, rawBytes, raw.length);
            byte[] out = new byte[Snappy.maxCompressedLength(rawBytes)];
            try {
                int packedBytes = Snappy.compress(raw, 0, rawBytes, out, 0);
                return packedBytes <= rawBytes - Math.max(1, rawBytes / LEAST_GAIN)
                        ? Arrays.copyOf(out, packedBytes)
                        : new byte[0];
            } catch (IOException e) {
                throw new IllegalStateException("Snappy refuses a valid buffer", e);
            }
        }
    }
}
