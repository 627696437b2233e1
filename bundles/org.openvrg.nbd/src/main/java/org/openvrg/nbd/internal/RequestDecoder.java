package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.openvrg.nbd.NbdLimits;

/**
 * Reads requests.
 *
 * <pre>
 * +------------+-------+------+--------+--------+--------+---------------------+
 * | 0x25609513 | flags | type | cookie | offset | length | payload, WRITE only |
 * | 4          | 2     | 2    | 8      | 8      | 4      | length              |
 * +------------+-------+------+--------+--------+--------+---------------------+
 * </pre>
 *
 * <p>Flags, range and length are checked before memory is taken; the payload of a refused write is skipped. A payload
 * that has come whole is passed on without a copy, unless it would pin a much larger receive buffer; one that comes in
 * pieces is gathered in a pooled direct buffer of its exact length. A wrong magic ends the connection.
 */
final class RequestDecoder extends ByteToMessageDecoder {
    /** Longest payload of a refused write that is skipped; a longer one ends the connection. */
    static final long MAX_SKIPPED_BYTES = 2L * NbdLimits.MAX_PAYLOAD_BYTES;
    /** A slice is passed on only if its receive buffer is at most so many times as large. */
    static final int MAX_PINNED_RATIO = 4;
    /** Time in which a payload must have come, since its memory is taken from the others. */
    static final long PAYLOAD_SECONDS = 60;

    private final Session session;
    private final Flow flow;
    /** The write that gathers its payload. */
    private Optional<Request> gathering = Optional.empty();

    private Optional<Future<?>> timeout = Optional.empty();
    private Optional<RequestHeader> refused = Optional.empty();
    private int refusal;
    private long skipBytes;

    RequestDecoder(Session session, Flow flow) {
        this.session = session;
        this.flow = flow;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        flow.onResume(() -> {
            try {
                channelRead(ctx, Unpooled.EMPTY_BUFFER);
                channelReadComplete(ctx);
            } catch (Exception e) {
                ctx.fireExceptionCaught(e);
            }
        });
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (refused.isPresent()) {
            skip(in, out);
        } else if (gathering.isPresent()) {
            gather(in, out);
        } else if (in.readableBytes() >= Protocol.REQUEST_BYTES) {
            decodeHeader(ctx, in, out);
        } else if (in.readableBytes() >= 4) {
            checkMagic(in);
        }
    }

    private static void checkMagic(ByteBuf in) {
        if (in.getInt(in.readerIndex()) != Protocol.REQUEST_MAGIC) {
            throw corrupt(in, "a request does not start with its magic");
        }
    }

    /** Drops what has come, so that nothing is read into it when the connection closes. */
    private static CorruptedFrameException corrupt(ByteBuf in, String message) {
        in.skipBytes(in.readableBytes());
        return new CorruptedFrameException(message);
    }

    private void decodeHeader(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        checkMagic(in);
        int at = in.readerIndex();
        RequestHeader header = new RequestHeader(
                in.getUnsignedShort(at + 4),
                in.getUnsignedShort(at + 6),
                in.getLong(at + 8),
                in.getLong(at + 16),
                in.getUnsignedInt(at + 24));
        boolean write = header.type() == Protocol.CMD_WRITE;
        int error = header.type() == Protocol.CMD_DISC ? Protocol.OK : RequestRules.check(header, session);
        if (write && error != Protocol.OK && header.lengthBytes() > MAX_SKIPPED_BYTES) {
            throw corrupt(in, "a write of " + header.lengthBytes() + " bytes");
        }
        boolean payload = write || header.type() == Protocol.CMD_READ;
        long needed = payload && error == Protocol.OK ? header.lengthBytes() : 0;
        if (!flow.admit(needed)) {
            return;
        }
        in.skipBytes(Protocol.REQUEST_BYTES);
        if (!write || error != Protocol.OK) {
            refuseOrPass(header, error, needed, write, out);
            return;
        }
        int length = (int) needed;
        if (in.readableBytes() >= length && in.capacity() / MAX_PINNED_RATIO <= length) {
            out.add(new Request(header, Protocol.OK, in.readRetainedSlice(length), length));
            return;
        }
        gathering = Optional.of(new Request(header, Protocol.OK, ctx.alloc().directBuffer(length, length), length));
        if (in.readableBytes() < length) {
            timeout = Optional.of(ctx.executor()
                    .schedule(
                            () -> ctx.fireExceptionCaught(new CorruptedFrameException("a payload that does not come")),
                            PAYLOAD_SECONDS,
                            TimeUnit.SECONDS));
        }
        gather(in, out);
    }

    private void refuseOrPass(RequestHeader header, int error, long needed, boolean write, List<Object> out) {
        if (write && header.lengthBytes() > 0) {
            refused = Optional.of(header);
            refusal = error;
            skipBytes = header.lengthBytes();
        } else {
            out.add(new Request(header, error, Unpooled.EMPTY_BUFFER, needed));
        }
    }

    private void skip(ByteBuf in, List<Object> out) {
        int now = (int) Math.min(skipBytes, in.readableBytes());
        in.skipBytes(now);
        skipBytes -= now;
        if (skipBytes == 0) {
            out.add(new Request(refused.orElseThrow(), refusal, Unpooled.EMPTY_BUFFER, 0));
            refused = Optional.empty();
        }
    }

    private void gather(ByteBuf in, List<Object> out) {
        Request request = gathering.orElseThrow();
        ByteBuf payload = request.payload();
        in.readBytes(payload, Math.min(payload.writableBytes(), in.readableBytes()));
        if (!payload.isWritable()) {
            gathering = Optional.empty();
            timeout.ifPresent(pending -> pending.cancel(false));
            timeout = Optional.empty();
            out.add(request);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
        if (ctx.channel().config().isAutoRead()) {
            super.channelReadComplete(ctx);
        } else {
            // the inherited way would ask for more bytes, since no message came of those that wait here
            discardSomeReadBytes();
            ctx.fireChannelReadComplete();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            flow.resume();
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        flow.end();
        super.channelInactive(ctx);
    }

    @Override
    protected void handlerRemoved0(ChannelHandlerContext ctx) {
        flow.end();
        timeout.ifPresent(pending -> pending.cancel(false));
        gathering.ifPresent(request -> {
            request.payload().release();
            flow.giveBack(request.reservedBytes());
        });
        gathering = Optional.empty();
    }
}
