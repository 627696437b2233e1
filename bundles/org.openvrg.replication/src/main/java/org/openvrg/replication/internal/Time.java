package org.openvrg.replication.internal;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The clocks of the replication and how its threads wait for one another; the simulator plays them. Thread-safe. */
public interface Time {
    /** The system's clocks, and threads that block. */
    Time SYSTEM = new Time() {
        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public long epochMillis() {
            return System.currentTimeMillis();
        }

        @Override
        public <T> T await(CompletableFuture<T> result, long nanos)
                throws InterruptedException, ExecutionException, TimeoutException {
            return result.get(nanos, TimeUnit.NANOSECONDS);
        }
    };

    /** Nanoseconds since some moment; never goes back. */
    long nanoTime();

    /** Wall-clock time in milliseconds since 1970; may jump. */
    long epochMillis();

    /**
     * Blocks until a result is there.
     *
     * @param nanos longest wait
     */
    <T> T await(CompletableFuture<T> result, long nanos)
            throws InterruptedException, ExecutionException, TimeoutException;

    /**
     * Blocks until something that never fails is done, or the time is over.
     *
     * @return whether it is done; false also when the thread was interrupted, with its flag set again
     */
    default boolean awaitDone(CompletableFuture<?> done, long timeout, TimeUnit unit) {
        try {
            await(done, unit.toNanos(timeout));
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException("what is waited for here never fails", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
