package org.openvrg.nbd.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class OptionDecoderTest {
    private static ByteBuf option(int code, byte[] data) {
        return Unpooled.buffer()
                .writeLong(Protocol.OPTION_MAGIC)
                .writeInt(code)
                .writeInt(data.length)
                .writeBytes(data);
    }

    private static EmbeddedChannel afterFlags() {
        EmbeddedChannel channel = new EmbeddedChannel(new OptionDecoder());
        channel.writeInbound(Unpooled.buffer().writeInt(3));
        assertEquals(new ClientFlags(true), channel.readInbound());
        return channel;
    }

    private static byte[] infoData(String name, int... kinds) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        ByteBuf data =
                Unpooled.buffer().writeInt(bytes.length).writeBytes(bytes).writeShort(kinds.length);
        for (int kind : kinds) {
            data.writeShort(kind);
        }
        return Arrays.copyOf(data.array(), data.readableBytes());
    }

    @Test
    void readsAnOptionThatComesByteByByte() {
        EmbeddedChannel channel = afterFlags();
        byte[] data = {1, 2, 3};
        ByteBuf bytes = option(7, data);
        while (bytes.readableBytes() > 1) {
            channel.writeInbound(bytes.readRetainedSlice(1));
            assertTrue(channel.inboundMessages().isEmpty());
        }
        channel.writeInbound(bytes);
        Option option = channel.readInbound();
        assertEquals(7, option.code());
        assertArrayEquals(data, option.data());
        channel.finishAndReleaseAll();
    }

    @Test
    void refusesClientsWithoutFixedNewstyleOrWithUnknownFlags() {
        for (int flags : new int[] {0, 2, 5, -1}) {
            EmbeddedChannel channel = new EmbeddedChannel(new OptionDecoder());
            assertThrows(
                    DecoderException.class,
                    () -> channel.writeInbound(Unpooled.buffer().writeInt(flags)));
            channel.finishAndReleaseAll();
        }
    }

    @Test
    void refusesAWrongMagicBeforeTheHeaderIsWhole() {
        for (int at = 0; at < 8; at++) {
            EmbeddedChannel channel = afterFlags();
            ByteBuf bytes = option(7, new byte[0]);
            bytes.setByte(at, bytes.getByte(at) ^ 0x10);
            assertThrows(DecoderException.class, () -> channel.writeInbound(bytes.slice(0, 8)));
            channel.finishAndReleaseAll();
        }
    }

    @Test
    void refusesAbsurdLengthsBeforeTheDataComes() {
        for (int length : new int[] {OptionDecoder.MAX_DATA_BYTES + 1, Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
            EmbeddedChannel channel = afterFlags();
            ByteBuf bytes = option(7, new byte[0]).setInt(12, length);
            assertThrows(DecoderException.class, () -> channel.writeInbound(bytes));
            channel.finishAndReleaseAll();
        }
    }

    @Test
    void readsInfoRequests() throws Exception {
        OptionData.InfoRequest request = OptionData.info(infoData("disk", 1, 3));
        assertEquals(new OptionData.InfoRequest("disk", Set.of(1, 3)), request);
    }

    @Test
    void refusesInfoDataThatIsCutOrTooLong() {
        byte[] whole = infoData("disk", 1, 3);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThrows(OptionData.MalformedException.class, () -> OptionData.info(cut));
        }
        byte[] longer = Arrays.copyOf(whole, whole.length + 1);
        assertThrows(OptionData.MalformedException.class, () -> OptionData.info(longer));
    }

    @Test
    void refusesContextDataThatIsCutOrTooLong() throws Exception {
        ByteBuf data = Unpooled.buffer();
        data.writeInt(1).writeByte('d').writeInt(2);
        data.writeInt(5).writeCharSequence("base:", StandardCharsets.UTF_8);
        data.writeInt(1).writeByte('x');
        byte[] whole = Arrays.copyOf(data.array(), data.readableBytes());
        assertEquals(new OptionData.ContextRequest("d", List.of("base:", "x")), OptionData.contexts(whole));
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThrows(OptionData.MalformedException.class, () -> OptionData.contexts(cut));
        }
        byte[] longer = Arrays.copyOf(whole, whole.length + 1);
        assertThrows(OptionData.MalformedException.class, () -> OptionData.contexts(longer));
    }

    @Test
    void refusesNamesThatAreNoText() {
        byte[] tooLong = new byte[Protocol.MAX_STRING_BYTES + 1];
        Arrays.fill(tooLong, (byte) 'a');
        for (byte[] name : List.of(new byte[] {(byte) 0xc3}, new byte[] {'a', 0}, tooLong)) {
            assertThrows(OptionData.MalformedException.class, () -> OptionData.exportName(name));
        }
    }

    @Test
    void survivesRandomBytes() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = new byte[random.nextInt(64)];
            random.nextBytes(bytes);
            if (bytes.length > 3 && random.nextBoolean()) {
                Arrays.fill(bytes, 0, 3, (byte) 0);
            }
            String hint = "seed " + seed + " round " + round;
            onlyMalformed(hint, () -> OptionData.info(bytes));
            onlyMalformed(hint, () -> OptionData.contexts(bytes));
            EmbeddedChannel channel = afterFlags();
            ByteBuf sent = option(random.nextInt(12), bytes);
            int at = random.nextInt(sent.readableBytes());
            sent.setByte(at, random.nextInt());
            try {
                channel.writeInbound(sent);
            } catch (DecoderException e) {
                assertTrue(e.getMessage() != null, hint);
            } finally {
                channel.finishAndReleaseAll();
            }
        }
    }

    private interface Parse {
        Object run() throws OptionData.MalformedException;
    }

    private static void onlyMalformed(String hint, Parse parse) {
        try {
            assertTrue(parse.run() != null, hint);
        } catch (OptionData.MalformedException e) {
            assertTrue(e.getMessage() != null, hint);
        }
    }
}
