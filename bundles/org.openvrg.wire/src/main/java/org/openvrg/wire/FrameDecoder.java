package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.List;
import java.util.Optional;

/**
 * Turns {@link Frame}s into messages. A header is checked as soon as it is there, before anything is waited for or
 * allocated; after the first malformed byte everything is dropped, and the exception closes the channel. Holds at most
 * one frame and what one read brings. One for each channel.
 */
final class FrameDecoder extends ByteToMessageDecoder {
    private Optional<Frame> header = Optional.empty();
    private boolean broken;

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (broken) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (in.readableBytes() < Frame.HEADER_BYTES) {
            return;
        }
        try {
            decodeFrame(in).ifPresent(out::add);
        } catch (CorruptedFrameException e) {
            broken = true;
            in.skipBytes(in.readableBytes());
            throw e;
        }
    }

    /** The header stays in the buffer until the whole frame is there, for the checksum covers both. */
    private Optional<Message> decodeFrame(ByteBuf in) {
        int start = in.readerIndex();
        if (header.isEmpty()) {
            header = Optional.of(Frame.readHeader(in));
            in.readerIndex(start);
        }
        Frame frame = header.get();
        int frameBytes = Frame.HEADER_BYTES + frame.lengthBytes();
        if (in.readableBytes() < frameBytes) {
            return Optional.empty();
        }
        if (Frame.checksum(in, start, frame.lengthBytes()) != frame.checksum()) {
            throw new CorruptedFrameException("the checksum of a frame is wrong");
        }
        ByteBuf payload = in.slice(start + Frame.HEADER_BYTES, frame.lengthBytes());
        in.skipBytes(frameBytes);
        header = Optional.empty();
        return Optional.of(frame.readPayload(payload));
    }

    @Override
    protected void decodeLast(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (in.isReadable()) {
            decode(context, in, out);
        }
    }
}
