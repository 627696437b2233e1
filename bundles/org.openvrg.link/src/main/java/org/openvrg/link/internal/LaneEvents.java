package org.openvrg.link.internal;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.openvrg.link.LinkListener;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.Message;

/**
 * Takes the events of lanes on their event loops: messages about VMs go straight up through the {@link PeerLane},
 * everything else to the link's thread. Thread-safe.
 */
final class LaneEvents implements LaneListener {
    private final LinkCore core;
    private final LinkThread thread;
    private final List<LinkListener> listeners;
    private final boolean inbound;
    private final Optional<Dialer> dialer;
    private final int round;
    private final Map<Lane, PeerLane> lanes = new ConcurrentHashMap<>();

    /**
     * Makes one.
     *
     * @param inbound whether the peer opens these lanes
     * @param dialer the one that opens the lane, for TLS lanes opened here
     * @param round of {@link ClearLanes}, 0 for other lanes
     */
    LaneEvents(
            LinkCore core,
            LinkThread thread,
            List<LinkListener> listeners,
            boolean inbound,
            Optional<Dialer> dialer,
            int round) {
        this.core = core;
        this.thread = thread;
        this.listeners = listeners;
        this.inbound = inbound;
        this.dialer = dialer;
        this.round = round;
    }

    private PeerLane.Role roleOf(Lane lane) {
        if (lane.encrypted()) {
            return inbound ? PeerLane.Role.INBOUND : PeerLane.Role.OUTBOUND;
        }
        return inbound ? PeerLane.Role.CLEAR_INBOUND : PeerLane.Role.CLEAR_OUTBOUND;
    }

    @Override
    public void opened(Lane lane) {
        PeerLane peerLane = new PeerLane(lane, roleOf(lane), listeners, round);
        lanes.put(lane, peerLane);
        if (!lane.encrypted()) {
            // its token was only given to the pinned peer, which may send at once
            peerLane.accept();
        }
        thread.execute(() -> core.opened(peerLane, dialer));
    }

    @Override
    public void received(Lane lane, Message message) {
        PeerLane peerLane = lanes.get(lane);
        if (message instanceof Message.OfVm ofVm) {
            peerLane.received(ofVm);
        } else if (message instanceof Message.OfConnection ofConnection) {
            peerLane.queue(
                    ofConnection,
                    (queued, done) -> thread.execute(() -> {
                        done.run();
                        core.handle(peerLane, queued);
                    }));
        }
    }

    @Override
    public void writable(Lane lane) {
        lanes.get(lane).writable();
    }

    @Override
    public void closed(Lane lane, String reason) {
        PeerLane peerLane = lanes.remove(lane);
        peerLane.closed();
        thread.execute(() -> core.closed(peerLane, reason, dialer));
    }
}
