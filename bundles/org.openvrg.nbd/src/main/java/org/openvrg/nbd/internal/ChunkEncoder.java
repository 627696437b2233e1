package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.MessageToMessageEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.openvrg.api.block.BlockExtent;

/**
 * Writes chunks of structured replies. Data follows without a copy.
 *
 * <pre>
 * +------------+-------+------+--------+--------+---------+
 * | 0x668e33ef | flags | type | cookie | length | payload |
 * | 4          | 2     | 2    | 8      | 4      | length  |
 * +------------+-------+------+--------+--------+---------+
 * OFFSET_DATA:  | offset 8 | data |
 * BLOCK_STATUS: | context 4 | (length 4, state 4) * n |
 * ERROR:        | error 4 | message length 2 | message |
 * </pre>
 */
final class ChunkEncoder extends MessageToMessageEncoder<Chunk> {
    private static final int HEADER_BYTES = 20;

    ChunkEncoder() {
        super(Chunk.class);
    }

    @Override
    protected void encode(ChannelHandlerContext ctx, Chunk chunk, List<Object> out) {
        ByteBufAllocator alloc = ctx.alloc();
        if (chunk instanceof Chunk.Data data) {
            int length = data.data().readableBytes();
            ByteBuf header = header(alloc, chunk, Protocol.CHUNK_OFFSET_DATA, 8 + length, 8);
            out.add(whole(alloc, header.writeLong(data.offsetBytes()), data.data()));
        } else if (chunk instanceof Chunk.Status status) {
            int length = 4 + 8 * status.extents().size();
            ByteBuf buffer = header(alloc, chunk, Protocol.CHUNK_BLOCK_STATUS, length, length);
            buffer.writeInt(Protocol.BASE_ALLOCATION_ID);
            for (BlockExtent extent : status.extents()) {
                int state = (extent.hole() ? Protocol.STATE_HOLE : 0) | (extent.zero() ? Protocol.STATE_ZERO : 0);
                buffer.writeInt((int) extent.lengthBytes()).writeInt(state);
            }
            out.add(buffer);
        } else if (chunk instanceof Chunk.Failure failure) {
            byte[] message = failure.message().getBytes(StandardCharsets.UTF_8);
            int length = 6 + message.length;
            ByteBuf buffer = header(alloc, chunk, Protocol.CHUNK_ERROR, length, length);
            out.add(buffer.writeInt(failure.error()).writeShort(message.length).writeBytes(message));
        }
    }

    /**
     * A reply in one piece. Of two that are written one after the other the first may, when it is written, let requests in
     * whose own replies then stand between them.
     */
    static ByteBuf whole(ByteBufAllocator alloc, ByteBuf header, ByteBuf data) {
        return alloc.compositeDirectBuffer(2).addComponents(true, header, data);
    }

    private static ByteBuf header(ByteBufAllocator alloc, Chunk chunk, int type, int lengthBytes, int roomBytes) {
        ByteBuf buffer = alloc.directBuffer(HEADER_BYTES + roomBytes).writeInt(Protocol.STRUCTURED_REPLY_MAGIC);
        buffer.writeShort(Protocol.CHUNK_FLAG_DONE).writeShort(type);
        return buffer.writeLong(chunk.cookie()).writeInt(lengthBytes);
    }
}
