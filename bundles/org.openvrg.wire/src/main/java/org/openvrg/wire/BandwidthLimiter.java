package org.openvrg.wire;

/**
 * A rate in bytes per second that many lanes share. Thread-safe.
 *
 * <p>It is a virtual line of that speed: every frame occupies it for its length, one after the other, and is sent when
 * its turn begins. A line that was idle may catch up {@link #BURST_NANOS} at most.
 */
final class BandwidthLimiter {
    private static final long BURST_NANOS = 50_000_000;
    private static final double NANOS_PER_SECOND = 1e9;

    private long bytesPerSecond;
    private long freeAtNanos;
    private boolean used;

    BandwidthLimiter(long bytesPerSecond) {
        this.bytesPerSecond = bytesPerSecond;
    }

    /** Changes the rate for what is sent from now on; 0 for none. */
    synchronized void setLimit(long newBytesPerSecond) {
        bytesPerSecond = newBytesPerSecond;
        used = false;
    }

    /**
     * Takes a place on the line.
     *
     * @return nanoseconds to wait before sending, 0 for at once
     */
    synchronized long reserve(long bytes, long nowNanos) {
        if (bytesPerSecond == 0) {
            return 0;
        }
        long earliest = nowNanos - BURST_NANOS;
        if (!used || freeAtNanos - earliest < 0) {
            freeAtNanos = earliest;
            used = true;
        }
        long waitNanos = Math.max(0, freeAtNanos - nowNanos);
        freeAtNanos += (long) (bytes * NANOS_PER_SECOND / bytesPerSecond);
        return waitNanos;
    }
}
