package org.openvrg.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ClearPrefaceTest {
    private final AtomicInteger admitted = new AtomicInteger();
    private final EmbeddedChannel channel =
            new EmbeddedChannel(new ClearPreface(new byte[LaneTransport.TOKEN_BYTES], admitted::incrementAndGet));

    @Test
    void opensTheLaneWhenItIsAdmitted() {
        channel.writeInbound(Unpooled.buffer().writeInt(ClearPreface.ADMITTED));
        assertEquals(1, admitted.get());
        channel.finishAndReleaseAll();
    }

    @Test
    void looksAtNothingBehindAWrongAnswer() {
        assertThrows(
                DecoderException.class,
                () -> channel.writeInbound(Unpooled.buffer().writeInt(1).writeInt(ClearPreface.ADMITTED)));
        channel.writeInbound(Unpooled.buffer().writeInt(ClearPreface.ADMITTED));
        channel.finishAndReleaseAll();
        assertEquals(0, admitted.get());
    }
}
