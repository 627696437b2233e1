package org.openvrg.replication.internal.production;

import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.openvrg.link.PeerLink;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;

/**
 * Which lane a VM is on, and whether the DR side has taken it there. Confined to the VM's actor, but for
 * {@link #attached}.
 */
final class Attachment {
    /** How long an answer to an offer is awaited before it is made again. */
    private static final long ANSWER_NANOS = TimeUnit.SECONDS.toNanos(3);

    /** How long a refused offer waits. */
    private static final long REFUSED_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final UUID vmUuid;
    private final PeerLink link;
    private final LongSupplier nanoClock;
    private Optional<Lane> lane = Optional.empty();
    private long nextOfferNanos;
    private volatile boolean attached;

    Attachment(UUID vmUuid, PeerLink link, LongSupplier nanoClock) {
        this.vmUuid = vmUuid;
        this.link = link;
        this.nanoClock = nanoClock;
    }

    /** Whether the DR side has the VM; any thread. */
    boolean attached() {
        return attached;
    }

    boolean isOn(Lane other) {
        return lane.isPresent() && lane.get() == other;
    }

    /** The lane to send on, while the DR side has the VM. */
    Optional<Lane> ready() {
        return attached ? lane : Optional.empty();
    }

    /**
     * Takes the lane that the link has for the VM now.
     *
     * @return whether the VM was taken off another lane by that
     */
    boolean choose(boolean encrypted) {
        boolean lost = lane.isPresent() && !lane.get().isOpen() && leave();
        Optional<Lane> now = link.outboundLane(vmUuid, encrypted);
        if (lane.isPresent() && now.isPresent() && !isOn(now.get())) {
            lost |= move();
        }
        if (lane.isEmpty()) {
            lane = now;
            nextOfferNanos = nanoClock.getAsLong();
        }
        return lost;
    }

    /** Lets the present lane go, so that another one can be chosen. */
    boolean move() {
        lane.ifPresent(open -> open.send(new Message.Detach(vmUuid, "the VM moves to another lane")));
        return leave();
    }

    /** The lane is gone; returns whether there was one. */
    boolean leave() {
        boolean had = lane.isPresent();
        lane = Optional.empty();
        attached = false;
        return had;
    }

    /** The lane on which the VM should be offered now. */
    Optional<Lane> wantsOffer() {
        return attached || nanoClock.getAsLong() < nextOfferNanos ? Optional.empty() : lane;
    }

    void offered() {
        nextOfferNanos = nanoClock.getAsLong() + ANSWER_NANOS;
    }

    void accepted() {
        attached = true;
    }

    /** The DR side does not take the VM now. */
    void refused() {
        attached = false;
        nextOfferNanos = nanoClock.getAsLong() + REFUSED_NANOS;
    }

    /** Sends on the lane, if there is one. */
    void send(Message message) {
        lane.ifPresent(open -> open.send(message));
    }

    /** The peer breaks the protocol. */
    void close(String reason) {
        lane.ifPresent(open -> open.close(reason));
    }
}
