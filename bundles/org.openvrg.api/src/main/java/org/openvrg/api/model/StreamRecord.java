package org.openvrg.api.model;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * One captured write, zero or trim of a VM, or a mark between them.
 *
 * <p>The payload is a view: whoever hands the record out says how long its bytes stay valid.
 *
 * @param sequence place in the history of the VM, from 1, one series for all its volumes
 * @param type kind
 * @param volume volume, {@link VolumeKey#NONE} for marks
 * @param offsetBytes first byte of the range, 0 for marks
 * @param lengthBytes length of the range, 0 for marks
 * @param payload the bytes for {@link RecordType#carriesBytes}, the mark's body for marks, else empty
 */
public record StreamRecord(
        long sequence, RecordType type, VolumeKey volume, long offsetBytes, long lengthBytes, ByteBuffer payload) {

    /** Longest range of a record with bytes; longer writes are split into several records. */
    public static final int MAX_PAYLOAD_BYTES = 1024 * 1024;

    private static final int MAX_MARK_BYTES = 64;

    /**
     * Checks that the parts fit one another.
     *
     * @throws IllegalArgumentException when they do not
     */
    public StreamRecord {
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(volume, "volume");
        Objects.requireNonNull(payload, "payload");
        if (sequence < 0 || offsetBytes < 0 || lengthBytes < 0 || offsetBytes > Long.MAX_VALUE - lengthBytes) {
            throw new IllegalArgumentException(
                    "sequence, offset and length of a record are not negative and no overflow");
        }
        int payloadBytes = payload.remaining();
        if (type.carriesBytes()
                ? payloadBytes != lengthBytes || payloadBytes > MAX_PAYLOAD_BYTES
                : type.isData() ? payloadBytes != 0 : payloadBytes > MAX_MARK_BYTES) {
            throw new IllegalArgumentException(
                    "payload of " + payloadBytes + " bytes does not fit a " + type + " of " + lengthBytes + " bytes");
        }
        if (type.isData() && lengthBytes == 0) {
            throw new IllegalArgumentException("a " + type + " covers at least one byte");
        }
        if (!type.isData() && (lengthBytes != 0 || offsetBytes != 0)) {
            throw new IllegalArgumentException("a " + type + " covers no range");
        }
    }

    /** A checkpoint at the given wall-clock time. */
    public static StreamRecord checkpoint(long sequence, long epochMillis) {
        return new StreamRecord(
                sequence,
                RecordType.CHECKPOINT,
                VolumeKey.NONE,
                0,
                0,
                ByteBuffer.allocate(Long.BYTES).putLong(epochMillis).flip());
    }

    /** Start or end of a resync. */
    public static StreamRecord resync(long sequence, boolean begin, ResyncMark mark) {
        RecordType type = begin ? RecordType.RESYNC_BEGIN : RecordType.RESYNC_END;
        return new StreamRecord(sequence, type, VolumeKey.NONE, 0, 0, mark.encode());
    }

    /** Exclusive end of the range in bytes. */
    public long endBytes() {
        return offsetBytes + lengthBytes;
    }
}
