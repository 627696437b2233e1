package org.openvrg.api.block;

import java.nio.ByteBuffer;

/**
 * Bytes of one write, lent to an export. The export may read them until it calls {@link #release()}, which it does
 * exactly once, possibly later than the write is answered, from any thread.
 */
public interface WritePayload {
    /** A fresh read-only view of the bytes, position 0; valid until released. */
    ByteBuffer bytes();

    /** Gives the bytes back. */
    void release();
}
