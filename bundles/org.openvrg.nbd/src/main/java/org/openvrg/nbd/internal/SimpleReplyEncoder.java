package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.MessageToMessageEncoder;
import java.util.List;

/**
 * Writes simple replies. The data follows without a copy.
 *
 * <pre>
 * +------------+-------+--------+-------------------------+
 * | 0x67446698 | error | cookie | data of a READ, error 0 |
 * | 4          | 4     | 8      |                         |
 * +------------+-------+--------+-------------------------+
 * </pre>
 */
final class SimpleReplyEncoder extends MessageToMessageEncoder<SimpleReply> {
    private static final int HEADER_BYTES = 16;

    SimpleReplyEncoder() {
        super(SimpleReply.class);
    }

    @Override
    protected void encode(ChannelHandlerContext ctx, SimpleReply reply, List<Object> out) {
        ByteBuf header = ctx.alloc().directBuffer(HEADER_BYTES).writeInt(Protocol.SIMPLE_REPLY_MAGIC);
        header.writeInt(reply.error()).writeLong(reply.cookie());
        out.add(reply.data().isReadable() ? ChunkEncoder.whole(ctx.alloc(), header, reply.data()) : header);
    }
}
