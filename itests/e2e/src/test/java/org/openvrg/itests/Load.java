package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.openvrg.api.failure.StorageException;
import org.openvrg.nbd.client.NbdClient;

/**
 * Random writes with incompressible content on several disks over several connections each, at a given pace. It knows
 * what was answered, so that a disk can be checked for it. One thread starts and stops it.
 */
public final class Load implements AutoCloseable {
    /** Size of a write. */
    public static final int BLOCK_BYTES = 16 * 1024;

    private static final int CONNECTIONS = 2;
    private static final Duration STOP = Duration.ofSeconds(30);

    private final Pair pair;
    private final List<Disk> disks = new ArrayList<>();
    private volatile long nanosPerWrite;
    private final AtomicLong stamps = new AtomicLong();
    private final AtomicLong writes = new AtomicLong();
    private final AtomicLong slowestNanos = new AtomicLong();
    private final SplittableRandom random;
    private final List<CompletableFuture<Void>> running = new ArrayList<>();
    private volatile boolean stopping;

    /** A disk and the stamp that each block has to hold; the stamp in flight when a connection broke may be there. */
    private record Disk(String volume, long[] answered, long[] inFlight) {}

    /**
     * Prepares it.
     *
     * @param regionBytes how much of each disk is written to, from its beginning
     * @param bytesPerSecond the pace, of all disks together
     */
    public Load(Pair pair, long seed, long regionBytes, long bytesPerSecond, String... volumes) {
        this.pair = pair;
        this.random = new SplittableRandom(seed);
        int blocks = Math.toIntExact(regionBytes / BLOCK_BYTES);
        for (String volume : volumes) {
            disks.add(new Disk(volume, new long[blocks], new long[blocks]));
        }
        pace(bytesPerSecond);
    }

    /** Sets another pace, of all disks together. */
    public final void pace(long bytesPerSecond) {
        nanosPerWrite = BLOCK_BYTES * TimeUnit.SECONDS.toNanos(1) / bytesPerSecond * CONNECTIONS * disks.size();
    }

    /** Begins, or goes on over new connections. */
    public Load start() throws StorageException {
        stopping = false;
        running.clear();
        for (Disk disk : disks) {
            for (int i = 0; i < CONNECTIONS; i++) {
                NbdClient client = NbdClient.open(pair.nbdAddress(), disk.volume());
                CompletableFuture<Void> end = new CompletableFuture<>();
                running.add(end);
                SplittableRandom own = random.split();
                int share = i;
                Thread thread = new Thread(() -> run(client, disk, share, own, end), "load-" + running.size());
                thread.setDaemon(true);
                thread.start();
            }
        }
        return this;
    }

    private void run(NbdClient client, Disk disk, int share, SplittableRandom own, CompletableFuture<Void> end) {
        try (client) {
            long next = System.nanoTime();
            while (!stopping) {
                int block = own.nextInt(disk.answered().length / CONNECTIONS) * CONNECTIONS + share;
                long stamp = stamps.incrementAndGet();
                disk.inFlight()[block] = stamp;
                long begin = System.nanoTime();
                client.write((long) block * BLOCK_BYTES, content(stamp));
                long took = System.nanoTime() - begin;
                slowestNanos.accumulateAndGet(took, Math::max);
                disk.answered()[block] = stamp;
                writes.incrementAndGet();
                next = Math.max(next + nanosPerWrite, begin);
                LockSupport.parkNanos(next - System.nanoTime());
            }
            end.complete(null);
        } catch (StorageException | RuntimeException e) {
            end.completeExceptionally(e);
        }
    }

    /** How many writes were answered. */
    public long writes() {
        return writes.get();
    }

    /** Longest time that a write took, in milliseconds. */
    public long slowestMillis() {
        return TimeUnit.NANOSECONDS.toMillis(slowestNanos.get());
    }

    /** The same, counted anew from here on. */
    public long takeSlowestMillis() {
        return TimeUnit.NANOSECONDS.toMillis(slowestNanos.getAndSet(0));
    }

    /** Waits until so many more writes were answered; fails if one failed. */
    public void awaitMore(long count) {
        long goal = writes.get() + count;
        Await.until(Duration.ofMinutes(1), () -> "write " + goal + ", now " + writes, () -> {
            assertUnbroken();
            return writes.get() >= goal;
        });
    }

    /** Fails if a client saw an error. */
    public void assertUnbroken() {
        for (CompletableFuture<Void> end : running) {
            assertFalse(end.isDone(), () -> "the client saw an error: " + end);
        }
    }

    /** Ends it; fails if any write failed. */
    public void stop() throws InterruptedException {
        stopping = true;
        for (CompletableFuture<Void> end : running) {
            if (broke(end)) {
                throw new AssertionError("the client saw an error: " + end);
            }
        }
    }

    /** Waits until every connection broke. */
    public void awaitBroken() throws InterruptedException {
        for (CompletableFuture<Void> end : running) {
            assertTrue(broke(end), "every connection has to break");
        }
    }

    private static boolean broke(CompletableFuture<Void> end) throws InterruptedException {
        try {
            end.get(STOP.toMillis(), TimeUnit.MILLISECONDS);
            return false;
        } catch (ExecutionException e) {
            return true;
        } catch (TimeoutException e) {
            throw new AssertionError("a write was not answered within " + STOP, e);
        }
    }

    /**
     * Reads every block through the export. Each has to hold what was answered last, or what was under way when the
     * connection broke; what it holds counts as answered from here on. Nothing may be running.
     */
    public void assertAnsweredIsThere(String context) throws StorageException {
        for (Disk disk : disks) {
            try (NbdClient client = NbdClient.open(pair.nbdAddress(), disk.volume())) {
                for (int block = 0; block < disk.answered().length; block++) {
                    ByteBuffer found = ByteBuffer.allocate(BLOCK_BYTES);
                    client.read((long) block * BLOCK_BYTES, found);
                    check(disk, block, found.flip(), context);
                }
            }
        }
    }

    private static void check(Disk disk, int block, ByteBuffer found, String context) {
        long stamp = found.getLong(0);
        boolean known = stamp == disk.answered()[block] || stamp == disk.inFlight()[block];
        ByteBuffer expected = stamp == 0 ? ByteBuffer.allocate(BLOCK_BYTES) : content(stamp);
        if (!known || !found.equals(expected)) {
            throw new AssertionError(context + ": block " + block + " of " + disk.volume() + " holds stamp " + stamp
                    + (known ? " with other content" : "") + "; answered was " + disk.answered()[block]
                    + ", in flight " + disk.inFlight()[block]);
        }
        disk.answered()[block] = stamp;
    }

    private static ByteBuffer content(long stamp) {
        ByteBuffer bytes = ByteBuffer.allocate(BLOCK_BYTES);
        LongBuffer words = bytes.asLongBuffer();
        words.put(stamp);
        SplittableRandom filling = new SplittableRandom(stamp);
        while (words.hasRemaining()) {
            words.put(filling.nextLong());
        }
        return bytes;
    }

    @Override
    public void close() {
        stopping = true;
    }
}
