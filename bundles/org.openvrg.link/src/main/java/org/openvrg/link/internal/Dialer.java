package org.openvrg.link.internal;

import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;

/**
 * One of the TLS lanes that this side opens, and opens again for ever. Belongs to the link's thread; once
 * {@link #stop}ped it does nothing any more.
 */
final class Dialer {
    private final LinkThread thread;
    private final java.util.function.Consumer<Dialer> attempt;
    private final Backoff backoff =
            new Backoff(() -> ThreadLocalRandom.current().nextDouble());
    private Optional<PeerLane> lane = Optional.empty();
    private Optional<Future<?>> timer = Optional.empty();
    private long mostMillis = Backoff.LAST_MILLIS;
    private boolean busy;
    private boolean stopped;

    /**
     * Makes one that is idle.
     *
     * @param attempt begins to connect
     */
    Dialer(LinkThread thread, java.util.function.Consumer<Dialer> attempt) {
        this.thread = thread;
        this.attempt = attempt;
    }

    /** Connects now unless it is connected or about to be. */
    void dial() {
        timer.ifPresent(waiting -> waiting.cancel(false));
        timer = Optional.empty();
        if (!busy && !stopped) {
            busy = true;
            mostMillis = Backoff.LAST_MILLIS;
            attempt.accept(this);
        }
    }

    /** The TCP and TLS connection stands. */
    void connected(PeerLane connected) {
        lane = Optional.of(connected);
    }

    /** The peer accepted. */
    void accepted() {
        backoff.reset();
    }

    /** The peer answers, but has not consented yet: ask again soon. */
    void retrySoon() {
        mostMillis = Backoff.PENDING_MILLIS;
    }

    /** The attempt failed or the lane ended: connect again after a while. */
    void ended() {
        lane = Optional.empty();
        busy = false;
        if (!stopped) {
            timer = Optional.of(thread.schedule(this::dial, backoff.next(mostMillis)));
        }
    }

    /** Ends it for good. */
    void stop(String reason) {
        stopped = true;
        timer.ifPresent(waiting -> waiting.cancel(false));
        lane.ifPresent(standing -> standing.lane().close(reason));
        lane = Optional.empty();
    }

    boolean isStopped() {
        return stopped;
    }

    Optional<PeerLane> lane() {
        return lane;
    }

    /** The lane when the peer accepted it and it stands. */
    Optional<PeerLane> standing() {
        return lane.filter(PeerLane::isAccepted);
    }
}
