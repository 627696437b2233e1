package org.openvrg.api.model;

import java.nio.ByteBuffer;

/**
 * Payload of {@link RecordType#RESYNC_BEGIN} and {@link RecordType#RESYNC_END}.
 *
 * @param resyncId number of the resync, unique within a VM, rising
 * @param compare whether blocks are compared by hash (consistency check) or known to be dirty (CBT)
 * @param epochMillis wall-clock time, milliseconds since 1970
 */
public record ResyncMark(long resyncId, boolean compare, long epochMillis) {
    /** Encoded length: id 8, time 8, flag 1. */
    public static final int LENGTH_BYTES = 17;

    /** The encoded form, big-endian, ready to be read. */
    public ByteBuffer encode() {
        return ByteBuffer.allocate(LENGTH_BYTES)
                .putLong(resyncId)
                .putLong(epochMillis)
                .put((byte) (compare ? 1 : 0))
                .flip();
    }

    /**
     * Reads the encoded form; the buffer's position is left as it was.
     *
     * @throws IllegalArgumentException when the length or the flag is wrong
     */
    public static ResyncMark decode(ByteBuffer payload) {
        if (payload.remaining() != LENGTH_BYTES) {
            throw new IllegalArgumentException("a resync mark has 17 bytes, not " + payload.remaining());
        }
        ByteBuffer in = payload.duplicate();
        long id = in.getLong();
        long time = in.getLong();
        byte flag = in.get();
        if (flag != 0 && flag != 1) {
            throw new IllegalArgumentException("the flag of a resync mark is 0 or 1, not " + flag);
        }
        return new ResyncMark(id, flag == 1, time);
    }
}
