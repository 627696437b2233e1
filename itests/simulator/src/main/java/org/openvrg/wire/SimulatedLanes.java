package org.openvrg.wire;

import io.netty.channel.Channel;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** Makes lanes with the real codec, liveness and water marks on channels of the simulator. Stateless. */
public final class SimulatedLanes {
    /** Place of the version in a frame. */
    public static final int VERSION_AT = 4;

    /** Place of the low byte of the kind of message in a frame. */
    public static final int TYPE_AT = 7;

    /** The least kind of message about a VM. */
    public static final int FIRST_VM_TYPE = 16;

    /** Length of a frame's header. */
    public static final int HEADER_BYTES = Frame.HEADER_BYTES;

    private SimulatedLanes() {}

    /** Puts a lane on a channel, as if TLS were done with the owner of a certificate. */
    public static Lane open(Channel channel, LaneListener listener, LaneSettings settings, String fingerprint) {
        AtomicLong sentBytes = new AtomicLong();
        LaneChannel lane = new LaneChannel(channel, listener, settings, sentBytes, true, Optional.of(fingerprint));
        channel.pipeline()
                .addLast(
                        new ShapingHandler(new BandwidthLimiter(0)),
                        new FrameDecoder(),
                        new FrameEncoder(sentBytes),
                        lane);
        lane.open();
        return lane;
    }
}
