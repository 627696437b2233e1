package org.openvrg.replication.internal.production;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** How much the scrub of all VMs together may read: so many bytes a second, without saving up. Thread-safe. */
public final class ScrubBudget {
    private static final double NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

    private final long bytesPerSecond;
    private final LongSupplier nanoClock;
    private long freeFromNanos;

    /**
     * A budget of which nothing is used.
     *
     * @param bytesPerSecond 0: nothing is ever granted
     */
    public ScrubBudget(long bytesPerSecond, LongSupplier nanoClock) {
        this.bytesPerSecond = bytesPerSecond;
        this.nanoClock = nanoClock;
        this.freeFromNanos = nanoClock.getAsLong();
    }

    /** Takes so many bytes if what was taken before has been paid with time. */
    synchronized boolean tryTake(long bytes) {
        long now = nanoClock.getAsLong();
        if (bytesPerSecond == 0 || now - freeFromNanos < 0) {
            return false;
        }
        freeFromNanos = now + (long) (bytes * NANOS_PER_SECOND / bytesPerSecond);
        return true;
    }
}
