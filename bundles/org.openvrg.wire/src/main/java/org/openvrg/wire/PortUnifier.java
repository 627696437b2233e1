package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.List;
import java.util.function.Predicate;

/**
 * Tells by the first byte of an accepted connection what it is: 0x16 is the handshake record of a TLS ClientHello (RFC
 * 8446, section 5.1), 0x56 the beginning of a {@link ClearPreface}; anything else ends it.
 */
final class PortUnifier extends ByteToMessageDecoder {
    private static final int TLS_HANDSHAKE = 0x16;
    private static final int CLEAR = ClearPreface.MAGIC >>> 24;

    private final Predicate<byte[]> tokens;
    private final Runnable beginTls;
    private final Runnable admitted;
    private boolean broken;

    /**
     * Makes one.
     *
     * @param tokens whether a token admits a clear lane, asked once for each
     * @param beginTls adds TLS behind this handler
     * @param admitted makes the lane clear
     */
    PortUnifier(Predicate<byte[]> tokens, Runnable beginTls, Runnable admitted) {
        this.tokens = tokens;
        this.beginTls = beginTls;
        this.admitted = admitted;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        int first = in.getUnsignedByte(in.readerIndex());
        if (first == TLS_HANDSHAKE) {
            beginTls.run();
            context.pipeline().remove(this);
        } else if (first != CLEAR) {
            throw refuse(in, "neither TLS nor a clear lane");
        } else if (in.readableBytes() >= ClearPreface.LENGTH_BYTES) {
            admit(context, in);
        }
    }

    private void admit(ChannelHandlerContext context, ByteBuf in) {
        byte[] token = new byte[LaneTransport.TOKEN_BYTES];
        if (in.readInt() != ClearPreface.MAGIC) {
            throw refuse(in, "neither TLS nor a clear lane");
        }
        in.readBytes(token);
        if (!tokens.test(token)) {
            throw refuse(in, "the token of a clear lane is not known or was used");
        }
        context.writeAndFlush(Unpooled.buffer(Integer.BYTES).writeInt(ClearPreface.ADMITTED));
        admitted.run();
        context.pipeline().remove(this);
    }

    private CorruptedFrameException refuse(ByteBuf in, String reason) {
        broken = true;
        in.skipBytes(in.readableBytes());
        return new CorruptedFrameException(reason);
    }
}
