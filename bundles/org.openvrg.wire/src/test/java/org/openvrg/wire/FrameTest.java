package org.openvrg.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FrameTest {
    @Test
    void readsBackEveryKindOfMessage() {
        Set<Class<?>> kinds = new HashSet<>();
        for (Message message : Samples.all()) {
            kinds.add(message.getClass());
            byte[] frame = encode(message);
            Message back = decode(frame);
            assertEquals(message.getClass(), back.getClass());
            assertArrayEquals(frame, encode(back), () -> "frame of " + message);
        }
        assertEquals(Codecs.ALL.size(), kinds.size(), "a sample of every kind");
    }

    @Test
    void readsFramesThatArriveByteByByte() {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        for (Message message : Samples.all()) {
            byte[] frame = encode(message);
            for (int i = 0; i < frame.length - 1; i++) {
                channel.writeInbound(Unpooled.wrappedBuffer(frame, i, 1));
            }
            assertEquals(0, channel.inboundMessages().size());
            channel.writeInbound(Unpooled.wrappedBuffer(frame, frame.length - 1, 1));
            Message back = channel.readInbound();
            assertEquals(message.getClass(), back.getClass());
        }
        channel.finishAndReleaseAll();
    }

    @Test
    void refusesEveryFlippedBit() {
        for (Message message : Samples.all()) {
            byte[] frame = encode(message);
            for (int bit = 0; bit < Math.min(frame.length, 400) * 8; bit++) {
                byte[] bad = frame.clone();
                bad[bit / 8] ^= (byte) (1 << (bit % 8));
                assertNothingDecoded(bad, message + " bit " + bit);
            }
        }
    }

    @Test
    void refusesFieldsOutOfRangeThoughTheChecksumIsRight() {
        Random random = new Random(20_260_101);
        for (Message message : Samples.all()) {
            byte[] frame = encode(message);
            for (int round = 0; round < 300; round++) {
                byte[] bad = frame.clone();
                for (int flips = 0; flips < 3; flips++) {
                    int at = Frame.HEADER_BYTES + random.nextInt(Math.max(1, bad.length - Frame.HEADER_BYTES));
                    if (at < bad.length) {
                        bad[at] = (byte) random.nextInt();
                    }
                }
                decodeAnyhow(seal(bad));
            }
        }
    }

    @Test
    void refusesPayloadsCutAtEveryByteThoughTheChecksumIsRight() {
        for (Message message : Samples.all()) {
            byte[] frame = encode(message);
            for (int length = Frame.HEADER_BYTES; length < frame.length; length++) {
                byte[] cut = seal(java.util.Arrays.copyOf(frame, length));
                String what = message + " cut to " + length;
                assertThrows(DecoderException.class, () -> decode(cut), what);
            }
        }
    }

    @Test
    void refusesAbsurdLengthsBeforeTheirBytesArrive() {
        byte[] frame = encode(new Message.Data(Samples.VM, 1, Samples.batch(true)));
        for (int length : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, Frame.MAX_PAYLOAD_BYTES + 1}) {
            ByteBuf header = Unpooled.copiedBuffer(frame, 0, Frame.HEADER_BYTES).setInt(8, length);
            EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
            assertThrows(DecoderException.class, () -> channel.writeInbound(header));
            channel.finishAndReleaseAll();
        }
        byte[] control = encode(new Message.Flush(Samples.VM));
        ByteBuf header = Unpooled.copiedBuffer(control, 0, Frame.HEADER_BYTES).setInt(8, Codecs.MAX_CONTROL_BYTES + 1);
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        assertThrows(DecoderException.class, () -> channel.writeInbound(header));
        channel.finishAndReleaseAll();
    }

    @Test
    void dropsEverythingAfterTheFirstMalformedByte() {
        byte[] good = encode(new Message.Flush(Samples.VM));
        byte[] bad = good.clone();
        bad[0] ^= 1;
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        assertThrows(
                DecoderException.class, () -> channel.writeInbound(Unpooled.wrappedBuffer(bad.clone(), good.clone())));
        channel.writeInbound(Unpooled.wrappedBuffer(good.clone()));
        assertTrue(channel.inboundMessages().isEmpty());
        channel.finishAndReleaseAll();
    }

    @Test
    void survivesRandomBytes() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[random.nextInt(120)];
            random.nextBytes(bytes);
            if (bytes.length > 8 && random.nextBoolean()) {
                Unpooled.wrappedBuffer(bytes)
                        .setInt(0, Frame.MAGIC)
                        .setShort(4, 0x100)
                        .setShort(6, random.nextInt(48));
            }
            assertNothingDecoded(bytes, "seed " + seed);
        }
    }

    static byte[] encode(Message message) {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameEncoder(new java.util.concurrent.atomic.AtomicLong()));
        channel.writeOutbound(message);
        ByteBuf out = channel.readOutbound();
        byte[] bytes = ByteBufUtil.getBytes(out);
        out.release();
        channel.finishAndReleaseAll();
        return bytes;
    }

    private static Message decode(byte[] frame) {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        try {
            channel.writeInbound(Unpooled.wrappedBuffer(frame));
            return channel.readInbound();
        } finally {
            channel.finishAndReleaseAll();
        }
    }

    /** Length and checksum made right. */
    private static byte[] seal(byte[] frame) {
        ByteBuf buffer = Unpooled.wrappedBuffer(frame);
        int length = frame.length - Frame.HEADER_BYTES;
        buffer.setInt(8, length).setInt(12, Frame.checksum(buffer, 0, length));
        return frame;
    }

    private static void decodeAnyhow(byte[] frame) {
        Message message;
        try {
            message = decode(frame);
        } catch (DecoderException e) {
            assertTrue(e.getMessage().length() > 0);
            return;
        }
        Codecs.ALL.of(message).batch(message).ifPresent(RecordBatchTest::unpackAnyhow);
    }

    private static void assertNothingDecoded(byte[] frame, String what) {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder());
        try {
            channel.writeInbound(Unpooled.wrappedBuffer(frame));
        } catch (DecoderException e) {
            assertTrue(e.getMessage().length() > 0);
        }
        assertEquals(0, channel.inboundMessages().size(), what);
        try {
            channel.finishAndReleaseAll();
        } catch (DecoderException e) {
            assertTrue(e.getMessage().length() > 0);
        }
    }
}
