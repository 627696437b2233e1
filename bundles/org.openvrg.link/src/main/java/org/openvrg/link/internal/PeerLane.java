package org.openvrg.link.internal;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.openvrg.link.LinkListener;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;

/**
 * A lane and whether its peer was accepted. Nothing about a VM passes before; what comes in the moment between the
 * peer's answer and its effect here waits. Thread-safe: events of the lane come on its event loop, the acceptance from
 * the link's thread, and the lock keeps the order.
 */
final class PeerLane {
    /** Who opened it, and how. */
    enum Role {
        /** TLS, opened here. */
        OUTBOUND,
        /** TLS, opened by the peer. */
        INBOUND,
        /** Clear, opened here. */
        CLEAR_OUTBOUND,
        /** Clear, opened by the peer. */
        CLEAR_INBOUND
    }

    /** Most messages about VMs that wait for the acceptance. */
    private static final int MAX_EARLY = 16;

    /** Most messages about the connection that wait for the link's thread. */
    private static final int MAX_QUEUED = 64;

    private final Lane lane;
    private final Role role;
    private final List<LinkListener> listeners;
    private final int round;
    private final Deque<Message.OfVm> early = new ArrayDeque<>();
    private final AtomicInteger queued = new AtomicInteger();
    private boolean accepted;
    private boolean everAccepted;
    private boolean ended;

    /**
     * Makes one.
     *
     * @param listeners live list
     * @param round of {@link ClearLanes} in which it was asked for, 0 for other lanes
     */
    PeerLane(Lane lane, Role role, List<LinkListener> listeners, int round) {
        this.lane = lane;
        this.role = role;
        this.listeners = listeners;
        this.round = round;
    }

    Lane lane() {
        return lane;
    }

    Role role() {
        return role;
    }

    int round() {
        return round;
    }

    /** Whether it stands and messages pass. */
    synchronized boolean isAccepted() {
        return accepted;
    }

    /** Whether it was accepted, even if it has ended since: its last words still count. */
    synchronized boolean wasAccepted() {
        return everAccepted;
    }

    /** Lets messages pass from here on. */
    synchronized void accept() {
        if (accepted || ended) {
            return;
        }
        accepted = true;
        everAccepted = true;
        while (!early.isEmpty()) {
            passUp(early.remove());
        }
    }

    synchronized void received(Message.OfVm message) {
        if (accepted) {
            passUp(message);
        } else if (role == Role.OUTBOUND && early.size() < MAX_EARLY) {
            early.add(message);
        } else {
            lane.close("a message about a VM came before the lane was accepted");
        }
    }

    /** Hands a message about the connection to the link's thread; a flood of them ends the lane. */
    void queue(Message.OfConnection message, BiConsumer<Message.OfConnection, Runnable> handler) {
        if (queued.incrementAndGet() > MAX_QUEUED) {
            lane.close("too many messages about the connection");
        } else {
            handler.accept(message, queued::decrementAndGet);
        }
    }

    private void passUp(Message.OfVm message) {
        for (LinkListener listener : listeners) {
            listener.received(lane, message);
        }
    }

    synchronized void writable() {
        if (accepted) {
            listeners.forEach(listener -> listener.writable(lane));
        }
    }

    synchronized void closed() {
        ended = true;
        early.clear();
        if (accepted) {
            accepted = false;
            listeners.forEach(listener -> listener.closed(lane));
        }
    }

    @Override
    public String toString() {
        return role + " " + lane.remoteAddress();
    }
}
