package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.MessageToByteEncoder;
import java.util.concurrent.atomic.AtomicLong;

/** Turns a message into a {@link Frame}; buffers pass unchanged. One for each channel. */
final class FrameEncoder extends MessageToByteEncoder<Message> {
    private final AtomicLong sentBytes;

    /**
     * Makes one.
     *
     * @param sentBytes rises by the length of every frame
     */
    FrameEncoder(AtomicLong sentBytes) {
        super(Message.class);
        this.sentBytes = sentBytes;
    }

    @Override
    protected ByteBuf allocateBuffer(ChannelHandlerContext context, Message message, boolean preferDirect) {
        int bytes = Frame.estimateBytes(message);
        return preferDirect ? context.alloc().ioBuffer(bytes) : context.alloc().heapBuffer(bytes);
    }

    @Override
    protected void encode(ChannelHandlerContext context, Message message, ByteBuf out) {
        Frame.write(out, message);
        sentBytes.addAndGet(out.readableBytes());
    }
}
