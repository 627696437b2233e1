package org.openvrg.link.internal;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.IntFunction;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.LaneTransport;
import org.openvrg.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clear lanes that this side opens: none before one is wanted, then as many as there are TLS lanes, each with a
 * token asked for over TLS. They are shown to VMs when all attempts of a round have ended. All but {@link #laneOf} is
 * called on the link's thread.
 */
final class ClearLanes {
    private static final Logger LOG = LoggerFactory.getLogger(ClearLanes.class);
    private static final int RETRY_MILLIS = 1000;
    private static final int TOKEN_TIMEOUT_MILLIS = 5000;

    private final int count;
    private final boolean enabled;
    private final LinkThread thread;
    private final LaneTransport transport;
    private final IntFunction<LaneListener> listeners;
    private final Runnable changed;
    private final OutboundLanes lanes = new OutboundLanes();
    private final List<PeerLane> open = new ArrayList<>();
    private final List<Lane> tls = new ArrayList<>();
    private boolean wanted;
    private int asked;
    private int connecting;
    private int round;
    private volatile boolean refused;
    private volatile boolean opening;
    private Optional<InetSocketAddress> address = Optional.empty();

    /**
     * Makes it.
     *
     * @param listeners makes the listener of a clear lane of a round
     * @param changed is told when VMs may find other lanes
     */
    ClearLanes(
            LinkSettings settings,
            LinkThread thread,
            LaneTransport transport,
            IntFunction<LaneListener> listeners,
            Runnable changed) {
        this.count = settings.lanes();
        this.enabled = settings.clearLanes();
        this.thread = thread;
        this.transport = transport;
        this.listeners = listeners;
        this.changed = changed;
    }

    /** The lane of a VM that needs no encryption; any thread. */
    Optional<Lane> laneOf(UUID vmUuid, OutboundLanes encrypted) {
        if (!enabled || refused) {
            return encrypted.laneOf(vmUuid);
        }
        Optional<Lane> lane = lanes.laneOf(vmUuid);
        if (lane.isEmpty() && !opening && !encrypted.isEmpty()) {
            opening = true;
            thread.execute(() -> {
                wanted = true;
                fill();
            });
        }
        return lane;
    }

    /** The TLS lanes that stand now; without one the clear lanes end. */
    void standing(List<Lane> encrypted, Optional<InetSocketAddress> peer) {
        address = peer;
        tls.clear();
        tls.addAll(encrypted);
        if (tls.isEmpty()) {
            round++;
            asked = 0;
            connecting = 0;
            refused = false;
            opening = false;
            List.copyOf(open).forEach(lane -> lane.lane().close("the TLS lanes are gone"));
            open.clear();
            show();
        } else {
            fill();
        }
    }

    /** Asks for what is missing. */
    private void fill() {
        opening = wanted && !tls.isEmpty();
        int missing = count - open.size() - asked - connecting;
        if (!opening || refused || missing <= 0) {
            return;
        }
        int thisRound = round;
        asked += missing;
        for (int i = 0; i < missing; i++) {
            tls.get(0).send(new Message.LaneTokenRequest());
        }
        thread.schedule(() -> giveUpTokens(thisRound), TOKEN_TIMEOUT_MILLIS);
    }

    private void giveUpTokens(int ofRound) {
        if (ofRound == round && asked > 0) {
            LOG.warn("the peer gave no token for a clear lane within {} ms", TOKEN_TIMEOUT_MILLIS);
            asked = 0;
            settle();
        }
    }

    /** The peer's answer. */
    void token(byte[] token) {
        if (asked == 0 || address.isEmpty()) {
            return;
        }
        asked--;
        if (token.length != LaneTransport.TOKEN_BYTES) {
            asked = 0;
            if (!refused) {
                LOG.info("the peer admits no clear lanes: VMs without encryption use TLS lanes");
            }
            refused = true;
            changed.run();
            return;
        }
        connecting++;
        int thisRound = round;
        transport.connectClear(address.get(), token, listeners.apply(thisRound)).whenComplete((lane, failure) -> {
            if (failure != null) {
                LOG.debug("a clear lane can't be opened", failure);
                thread.execute(() -> ended(thisRound));
            }
        });
    }

    /** A clear lane stands. */
    void opened(PeerLane lane) {
        if (lane.round() != round || tls.isEmpty()) {
            lane.lane().close("the TLS lanes are gone");
            return;
        }
        connecting = Math.max(0, connecting - 1);
        lane.accept();
        open.add(lane);
        settle();
    }

    private void ended(int ofRound) {
        if (ofRound == round) {
            connecting = Math.max(0, connecting - 1);
            settle();
        }
    }

    /** A clear lane ended. */
    void closed(PeerLane lane) {
        if (open.remove(lane)) {
            settle();
        }
    }

    private void settle() {
        if (asked + connecting > 0) {
            return;
        }
        show();
        if (open.size() < count && !tls.isEmpty()) {
            int thisRound = round;
            thread.schedule(
                    () -> {
                        if (thisRound == round) {
                            fill();
                        }
                    },
                    RETRY_MILLIS);
        }
    }

    private void show() {
        lanes.set(open.stream().map(PeerLane::lane).filter(Lane::isOpen).toList());
        changed.run();
    }
}
