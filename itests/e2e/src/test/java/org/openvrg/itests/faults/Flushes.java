package org.openvrg.itests.faults;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Pair;
import org.openvrg.nbd.client.NbdClient;

/** A guest that flushes a disk four times a second over a connection of its own, and how long that takes. */
final class Flushes implements AutoCloseable {
    private static final long PAUSE_NANOS = Duration.ofMillis(250).toNanos();

    private final AtomicLong longestNanos = new AtomicLong();
    private final AtomicLong count = new AtomicLong();
    private volatile Optional<StorageException> failure = Optional.empty();
    private volatile long pendingSinceNanos;
    private volatile boolean stopping;

    /** Connects and begins. */
    Flushes(Pair pair, String disk) throws StorageException {
        NbdClient client = NbdClient.open(pair.nbdAddress(), disk);
        Thread thread = new Thread(() -> run(client), "flushes");
        thread.setDaemon(true);
        thread.start();
    }

    private void run(NbdClient client) {
        try (client) {
            while (!stopping) {
                long begin = System.nanoTime();
                pendingSinceNanos = begin;
                client.flush();
                longestNanos.accumulateAndGet(System.nanoTime() - begin, Math::max);
                pendingSinceNanos = 0;
                count.incrementAndGet();
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (StorageException e) {
            failure = Optional.of(e);
        }
    }

    /** Longest flush since the last call, one under way included; fails if one failed. */
    long takeLongestMillis() {
        failure.ifPresent(e -> {
            throw new AssertionError("the guest saw an error at a flush", e);
        });
        long since = pendingSinceNanos;
        long pending = since == 0 ? 0 : System.nanoTime() - since;
        return TimeUnit.NANOSECONDS.toMillis(Math.max(pending, longestNanos.getAndSet(0)));
    }

    @Override
    public void close() {
        stopping = true;
    }
}
