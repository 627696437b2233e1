package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.openvrg.api.block.BlockExtent;

/** Structured answer; we answer each request with one chunk, which is also the last. */
sealed interface Chunk {
    /** The client's number of the request. */
    long cookie();

    /** Data of a READ, owned by the chunk. */
    record Data(long cookie, long offsetBytes, ByteBuf data) implements Chunk {}

    /** Allocation, for BLOCK_STATUS. */
    record Status(long cookie, List<BlockExtent> extents) implements Chunk {
        /** Copies. */
        public Status {
            extents = List.copyOf(extents);
        }
    }

    /** Failure. */
    record Failure(long cookie, int error, String message) implements Chunk {}
}
