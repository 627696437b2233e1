package org.openvrg.nbd.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.openvrg.nbd.MemoryExport;
import org.openvrg.nbd.NbdLimits;

class RequestDecoderTest {
    private static final int SIZE = 1 << 20;

    private final MemoryExport export = new MemoryExport("disk", SIZE);
    private final MemoryBudget budget = new MemoryBudget(NbdLimits.DEFAULT_BYTES_IN_TOTAL);
    private Optional<Flow> flow = Optional.empty();
    private EmbeddedChannel channel = channel(NbdLimits.defaults());

    private EmbeddedChannel channel(NbdLimits limits) {
        EmbeddedChannel made = new EmbeddedChannel();
        made.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void handlerAdded(ChannelHandlerContext ctx) {
                Flow brake = new Flow(ctx, limits, budget);
                flow = Optional.of(brake);
                ctx.pipeline().addLast(new RequestDecoder(new Session(export, SIZE, true, true), brake));
            }
        });
        return made;
    }

    @AfterEach
    void nothingIsHeld() {
        channel.inboundMessages()
                .forEach(message -> ((Request) message).payload().release());
        channel.inboundMessages().clear();
        channel.finishAndReleaseAll();
    }

    private static ByteBuf header(int flags, int type, long offset, long length) {
        ByteBuf bytes = Unpooled.buffer().writeInt(Protocol.REQUEST_MAGIC);
        return bytes.writeShort(flags)
                .writeShort(type)
                .writeLong(99)
                .writeLong(offset)
                .writeInt((int) length);
    }

    private Request only(ByteBuf bytes) {
        channel.writeInbound(bytes);
        Request request = channel.readInbound();
        assertNull(channel.readInbound());
        return request;
    }

    private int errorOf(int flags, int type, long offset, long length) {
        Request request = only(header(flags, type, offset, length));
        flow.orElseThrow().giveBack(request.reservedBytes());
        flow.orElseThrow().answered();
        return request.error();
    }

    @Test
    void gathersAWriteThatComesByteByByte() {
        ByteBuf bytes = header(Protocol.CMD_FLAG_FUA, Protocol.CMD_WRITE, 5, 40);
        for (int i = 0; i < 40; i++) {
            bytes.writeByte(i);
        }
        while (bytes.readableBytes() > 1) {
            channel.writeInbound(bytes.readRetainedSlice(1));
            assertTrue(channel.inboundMessages().isEmpty());
        }
        Request request = only(bytes);
        assertEquals(new RequestHeader(1, Protocol.CMD_WRITE, 99, 5, 40), request.header());
        assertEquals(Protocol.OK, request.error());
        assertEquals(40, request.payload().readableBytes());
        assertEquals(39, request.payload().getByte(39));
        assertEquals(40, budget.usedBytes());
        request.payload().release();
    }

    @Test
    void passesAWholePayloadOnWithoutACopy() {
        ByteBuf bytes = header(0, Protocol.CMD_WRITE, 0, 4096).writeZero(4096);
        Request request = only(bytes);
        bytes.setByte(28, 77);
        assertEquals(77, request.payload().getByte(request.payload().readerIndex()));
        request.payload().release();
    }

    @Test
    void copiesASmallPayloadOutOfALargeBuffer() {
        Request request = only(header(0, Protocol.CMD_WRITE, 0, 16).writeZero(16));
        assertEquals(16, request.payload().capacity());
        assertEquals(16, request.payload().readableBytes());
        request.payload().release();
    }

    @Test
    void givesMemoryBackWhenAWriteIsCutOff() {
        channel.writeInbound(header(0, Protocol.CMD_WRITE, 0, 4096).writeZero(100));
        assertEquals(4096, budget.usedBytes());
        channel.finishAndReleaseAll();
        assertEquals(0, budget.usedBytes());
    }

    @Test
    void refusesAWrongMagicAtOnce() {
        for (int at = 0; at < 4; at++) {
            EmbeddedChannel fresh = channel(NbdLimits.defaults());
            ByteBuf bytes = header(0, Protocol.CMD_FLUSH, 0, 0);
            bytes.setByte(at, bytes.getByte(at) ^ 1);
            assertThrows(DecoderException.class, () -> fresh.writeInbound(bytes.slice(0, 4)));
            fresh.finishAndReleaseAll();
        }
    }

    @Test
    void skipsThePayloadOfARefusedWrite() {
        ByteBuf bytes = header(0, Protocol.CMD_WRITE, SIZE - 1, 1000).writeZero(1000);
        bytes.writeBytes(header(0, Protocol.CMD_FLUSH, 0, 0));
        channel.writeInbound(bytes);
        Request refused = channel.readInbound();
        assertEquals(Protocol.ENOSPC, refused.error());
        Request next = channel.readInbound();
        assertEquals(Protocol.CMD_FLUSH, next.header().type());
        assertEquals(0, budget.usedBytes());
    }

    @Test
    void skipsAWriteBeyondTheLongestPayloadAndEndsAtAnAbsurdOne() {
        long length = NbdLimits.MAX_PAYLOAD_BYTES + 1L;
        channel.writeInbound(header(0, Protocol.CMD_WRITE, 0, length));
        for (long sent = 0; sent < length; sent += 1 << 20) {
            channel.writeInbound(Unpooled.wrappedBuffer(new byte[(int) Math.min(1 << 20, length - sent)]));
        }
        Request refused = channel.readInbound();
        assertEquals(Protocol.EINVAL, refused.error());
        assertThrows(
                DecoderException.class, () -> channel.writeInbound(header(0, Protocol.CMD_WRITE, 0, 0xffff_ffffL)));
        assertEquals(0, budget.usedBytes());
    }

    @Test
    void refusesWhatIsNotInOrder() {
        int einval = Protocol.EINVAL;
        assertEquals(einval, errorOf(0, Protocol.CMD_READ, SIZE, 1));
        assertEquals(einval, errorOf(0, Protocol.CMD_READ, -1, 1));
        assertEquals(einval, errorOf(0, Protocol.CMD_READ, Long.MAX_VALUE, 0xffff_ffffL));
        assertEquals(einval, errorOf(0, Protocol.CMD_READ, 0, 0));
        assertEquals(einval, errorOf(0, Protocol.CMD_READ, 0, NbdLimits.MAX_PAYLOAD_BYTES + 1));
        assertEquals(einval, errorOf(0, Protocol.CMD_WRITE, 0, 0));
        assertEquals(einval, errorOf(0, Protocol.CMD_TRIM, SIZE, 1));
        assertEquals(Protocol.ENOSPC, errorOf(0, Protocol.CMD_WRITE_ZEROES, SIZE, 1));
        assertEquals(einval, errorOf(0, Protocol.CMD_FLUSH, 1, 0));
        assertEquals(einval, errorOf(0, 8, 0, 1));
        assertEquals(einval, errorOf(0, 0xffff, 0, 1));
        assertEquals(einval, errorOf(1 << 4, Protocol.CMD_WRITE_ZEROES, 0, 1));
        assertEquals(einval, errorOf(Protocol.CMD_FLAG_DF, Protocol.CMD_TRIM, 0, 1));
        assertEquals(einval, errorOf(Protocol.CMD_FLAG_NO_HOLE, Protocol.CMD_READ, 0, 1));
        assertEquals(Protocol.OK, errorOf(Protocol.CMD_FLAG_REQ_ONE, Protocol.CMD_BLOCK_STATUS, 0, SIZE));
        assertEquals(Protocol.OK, errorOf(Protocol.CMD_FLAG_DF, Protocol.CMD_READ, SIZE - 1, 1));
        assertEquals(Protocol.OK, errorOf(3, Protocol.CMD_WRITE_ZEROES, 0, SIZE));
        export.makeReadOnly();
        assertEquals(Protocol.EPERM, errorOf(0, Protocol.CMD_TRIM, 0, 1));
        assertEquals(Protocol.EPERM, errorOf(0, Protocol.CMD_WRITE_ZEROES, 0, 1));
    }

    @Test
    void stopsAtTheLimitOfRequestsAndGoesOnAfterAnAnswer() {
        channel = channel(new NbdLimits(1, 2, NbdLimits.MAX_PAYLOAD_BYTES, NbdLimits.MAX_PAYLOAD_BYTES, 1000));
        ByteBuf bytes = Unpooled.buffer();
        for (int i = 0; i < 5; i++) {
            bytes.writeBytes(header(0, Protocol.CMD_FLUSH, 0, 0));
        }
        channel.writeInbound(bytes);
        assertEquals(2, channel.inboundMessages().size());
        assertFalse(channel.config().isAutoRead());
        flow.orElseThrow().answered();
        assertEquals(3, channel.inboundMessages().size());
        flow.orElseThrow().answered();
        flow.orElseThrow().answered();
        assertEquals(5, channel.inboundMessages().size());
        flow.orElseThrow().answered();
        assertTrue(channel.config().isAutoRead() || channel.inboundMessages().size() == 5);
    }

    @Test
    void stopsWhenAllConnectionsTogetherHoldTooMuch() {
        MemoryBudget small = new MemoryBudget(NbdLimits.MAX_PAYLOAD_BYTES);
        List<String> woken = new ArrayList<>();
        Runnable retry = () -> woken.add("now");
        assertTrue(small.reserve(NbdLimits.MAX_PAYLOAD_BYTES, retry));
        assertFalse(small.reserve(1, retry));
        assertFalse(small.reserve(1, retry));
        small.release(1);
        assertEquals(List.of(), woken);
        small.release(NbdLimits.MAX_PAYLOAD_BYTES - 1);
        assertEquals(List.of("now"), woken);
    }

    @Test
    void survivesRandomBytes() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 3000; round++) {
            EmbeddedChannel fuzzed = channel(NbdLimits.defaults());
            ByteBuf bytes = header(random.nextInt(32), random.nextInt(10), random.nextInt(SIZE), random.nextInt(200));
            bytes.writeZero(random.nextInt(300));
            bytes.setByte(4 + random.nextInt(24), random.nextInt());
            try {
                while (bytes.isReadable()) {
                    int piece = 1 + random.nextInt(bytes.readableBytes());
                    fuzzed.writeInbound(bytes.readRetainedSlice(piece));
                }
            } catch (DecoderException e) {
                assertTrue(e.getMessage() != null, "seed " + seed);
            } finally {
                bytes.release();
                for (Object message : fuzzed.inboundMessages()) {
                    Request request = (Request) message;
                    request.payload().release();
                    budget.release(request.reservedBytes());
                }
                fuzzed.inboundMessages().clear();
                fuzzed.finishAndReleaseAll();
            }
            assertEquals(0, budget.usedBytes(), "seed " + seed + " round " + round);
        }
    }
}
