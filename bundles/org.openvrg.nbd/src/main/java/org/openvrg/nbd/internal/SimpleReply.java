package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** Answer in one piece; the data, that of a READ without structured replies, is owned by the reply. */
record SimpleReply(long cookie, int error, ByteBuf data) {
    static SimpleReply of(long cookie, int error) {
        return new SimpleReply(cookie, error, Unpooled.EMPTY_BUFFER);
    }
}
