package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.MessageToByteEncoder;

/**
 * Writes option replies.
 *
 * <pre>
 * +---------------------+--------+-------+--------+--------+
 * | 0x0003e889045565a9  | option | type  | length | data   |
 * | 8 bytes             | 4      | 4     | 4      | length |
 * +---------------------+--------+-------+--------+--------+
 * </pre>
 */
final class OptionReplyEncoder extends MessageToByteEncoder<OptionReply> {
    OptionReplyEncoder() {
        super(OptionReply.class);
    }

    @Override
    protected void encode(ChannelHandlerContext ctx, OptionReply reply, ByteBuf out) {
        out.writeLong(Protocol.OPTION_REPLY_MAGIC).writeInt(reply.option()).writeInt(reply.type());
        out.writeInt(reply.data().length).writeBytes(reply.data());
    }
}
