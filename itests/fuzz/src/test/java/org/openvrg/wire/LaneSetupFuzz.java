package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;

/** The first bytes of a connection, on the side that accepts and on the side that connects. */
public final class LaneSetupFuzz {
    private static final long MOST_BYTES = 4L * 1024 * 1024;
    private static final byte[] TOKEN = new byte[LaneTransport.TOKEN_BYTES];

    static {
        Arrays.fill(TOKEN, (byte) 'T');
    }

    private LaneSetupFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Check.allocates(MOST_BYTES, () -> one(new Input(data)));
    }

    private static void one(Input input) {
        int mode = input.unsignedByte();
        int step = 1 + (mode >>> 1);
        byte[] stream = input.rest();
        if ((mode & 1) == 0) {
            accept(stream, step);
        } else {
            connect(stream, step);
        }
    }

    private static void accept(byte[] stream, int step) {
        AtomicInteger admitted = new AtomicInteger();
        AtomicInteger tls = new AtomicInteger();
        AtomicInteger asked = new AtomicInteger();
        PortUnifier unifier = new PortUnifier(
                token -> {
                    asked.incrementAndGet();
                    return Arrays.equals(token, TOKEN);
                },
                tls::incrementAndGet,
                admitted::incrementAndGet);
        feed(unifier, stream, step);
        byte[] right = Unpooled.buffer(ClearPreface.LENGTH_BYTES)
                .writeInt(ClearPreface.MAGIC)
                .writeBytes(TOKEN)
                .array();
        boolean clear = stream.length >= right.length && Arrays.equals(right, 0, right.length, stream, 0, right.length);
        Check.equal(clear ? 1 : 0, admitted.get(), "clear lanes admitted");
        Check.equal(stream.length > 0 && stream[0] == 0x16 ? 1 : 0, tls.get(), "beginnings of TLS");
        Check.that(asked.get() <= 1, "a connection tries more than one token");
    }

    private static void connect(byte[] stream, int step) {
        AtomicInteger admitted = new AtomicInteger();
        feed(new ClearPreface(TOKEN, admitted::incrementAndGet), stream, step);
        boolean right = stream.length >= 4 && Unpooled.wrappedBuffer(stream).getInt(0) == ClearPreface.ADMITTED;
        Check.equal(right ? 1 : 0, admitted.get(), "clear lanes opened");
    }

    /** As a channel that is closed by the end of its pipeline when something is malformed. */
    private static void feed(ChannelHandler handler, byte[] stream, int step) {
        EmbeddedChannel channel = new EmbeddedChannel(handler);
        boolean broken = false;
        for (int at = 0; at < stream.length; at += step) {
            ByteBuf piece = Unpooled.wrappedBuffer(Arrays.copyOfRange(stream, at, Math.min(stream.length, at + step)));
            try {
                channel.writeInbound(piece);
            } catch (DecoderException e) {
                broken = true;
            }
            if (broken) {
                Check.that(channel.inboundMessages().isEmpty(), "bytes of a malformed beginning are passed on");
            }
        }
        try {
            channel.finishAndReleaseAll();
        } catch (DecoderException e) {
            // half a beginning may be malformed too; what counts is that nothing was admitted
            Check.that(!channel.isActive(), "the channel is closed");
        }
    }
}
