package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.CorruptedFrameException;
import java.util.List;

/**
 * Reads what a client says before transmission: its flags once, then options.
 *
 * <pre>
 * +--------------+
 * | client flags |  4 bytes, bit 0 fixed newstyle (must be set), bit 1 no zeroes
 * +--------------+
 * +---------------------+--------+--------+--------+
 * | "IHAVEOPT"          | option | length | data   |
 * | 8 bytes             | 4      | 4      | length |
 * +---------------------+--------+--------+--------+
 * </pre>
 *
 * <p>Stops reading while the client leaves replies unread, so that a flood of options with long replies can't fill the
 * memory. Anything malformed throws, which ends the connection.
 */
final class OptionDecoder extends ByteToMessageDecoder {
    /** Longest data of one option: an export name and some context queries. */
    static final int MAX_DATA_BYTES = 64 << 10;
    /** Most options of one handshake: a client that lists may ask INFO of each export. */
    static final int MAX_OPTIONS = 32_768;

    private static final int HEADER_BYTES = 16;

    private boolean flagsSeen;
    private int options;

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (!ctx.channel().isWritable()) {
            ctx.channel().config().setAutoRead(false);
            return;
        }
        if (!flagsSeen) {
            decodeFlags(in, out);
        } else {
            decodeOption(in, out);
        }
    }

    private void decodeFlags(ByteBuf in, List<Object> out) {
        if (in.readableBytes() < 4) {
            return;
        }
        int flags = in.readInt();
        int known = Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES;
        if ((flags & ~known) != 0 || (flags & Protocol.FLAG_FIXED_NEWSTYLE) == 0) {
            throw new CorruptedFrameException("client flags 0x" + Integer.toHexString(flags) + " are not understood");
        }
        flagsSeen = true;
        out.add(new ClientFlags((flags & Protocol.FLAG_NO_ZEROES) != 0));
    }

    private void decodeOption(ByteBuf in, List<Object> out) {
        int start = in.readerIndex();
        if (in.readableBytes() >= 8 && in.getLong(start) != Protocol.OPTION_MAGIC) {
            throw new CorruptedFrameException("an option does not start with its magic");
        }
        if (in.readableBytes() < HEADER_BYTES) {
            return;
        }
        long length = in.getUnsignedInt(start + 12);
        if (length > MAX_DATA_BYTES) {
            throw new CorruptedFrameException("option data of " + length + " bytes, at most " + MAX_DATA_BYTES);
        }
        if (in.readableBytes() < HEADER_BYTES + length) {
            return;
        }
        if (++options > MAX_OPTIONS) {
            throw new CorruptedFrameException("more than " + MAX_OPTIONS + " options");
        }
        byte[] data = new byte[(int) length];
        int code = in.getInt(start + 8);
        in.skipBytes(HEADER_BYTES).readBytes(data);
        out.add(new Option(code, data));
    }

    /** Whether bytes have come that no option was made of yet. */
    boolean hasMoreBytes() {
        return actualReadableBytes() > 0;
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
    public void channelWritabilityChanged(ChannelHandlerContext ctx) throws Exception {
        if (ctx.channel().isWritable()) {
            ctx.channel().config().setAutoRead(true);
            channelRead(ctx, Unpooled.EMPTY_BUFFER);
        }
        ctx.fireChannelWritabilityChanged();
    }
}
