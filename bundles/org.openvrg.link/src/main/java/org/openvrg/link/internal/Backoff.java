package org.openvrg.link.internal;

import java.util.function.DoubleSupplier;

/** Waiting times between attempts: doubling from 100 ms to 5 s, each cut at random to between a half and the whole. */
final class Backoff {
    static final long FIRST_MILLIS = 100;
    static final long LAST_MILLIS = 5000;

    /** Longest wait for a peer that answers, but has not consented yet. */
    static final long PENDING_MILLIS = 1000;

    private final DoubleSupplier random;
    private long nextMillis = FIRST_MILLIS;

    /**
     * Makes one.
     *
     * @param random evenly from 0 to 1
     */
    Backoff(DoubleSupplier random) {
        this.random = random;
    }

    /** Begins anew. */
    void reset() {
        nextMillis = FIRST_MILLIS;
    }

    /** The wait before the next attempt, at most {@code mostMillis}. */
    long next(long mostMillis) {
        long millis = Math.min(nextMillis, mostMillis);
        nextMillis = Math.min(nextMillis * 2, LAST_MILLIS);
        return Math.max(1, (long) (millis * (0.5 + random.getAsDouble() / 2)));
    }
}
