package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.List;

/**
 * How a clear lane begins. The side that connects sends:
 *
 * <pre>
 *  0 magic  u32   0x56524743, "VRGC"
 *  4 token  32 bytes
 * </pre>
 *
 * and waits for the answer; a token that is not admitted is answered by the end of the connection:
 *
 * <pre>
 *  0 magic  u32   0x56524741, "VRGA"
 * </pre>
 *
 * This handler is that of the side that connects.
 */
final class ClearPreface extends ByteToMessageDecoder {
    static final int MAGIC = 0x56524743;
    static final int ADMITTED = 0x56524741;
    static final int LENGTH_BYTES = Integer.BYTES + LaneTransport.TOKEN_BYTES;

    private final byte[] token;
    private final Runnable admitted;
    private boolean broken;

    ClearPreface(byte[] token, Runnable admitted) {
        this.token = token;
        this.admitted = admitted;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        context.writeAndFlush(Unpooled.buffer(LENGTH_BYTES).writeInt(MAGIC).writeBytes(token));
        context.fireChannelActive();
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (in.readableBytes() < Integer.BYTES) {
            return;
        }
        if (in.readInt() != ADMITTED) {
            // what follows is not looked at when the channel closes
            broken = true;
            in.skipBytes(in.readableBytes());
            throw new CorruptedFrameException("a clear lane is not answered as it should be");
        }
        admitted.run();
        context.pipeline().remove(this);
    }
}
