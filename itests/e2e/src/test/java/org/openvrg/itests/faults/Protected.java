package org.openvrg.itests.faults;

import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Await;
import org.openvrg.itests.Load;
import org.openvrg.itests.Pair;

/**
 * A protected VM of two disks under random load, and the common course of a fault test: break something for a while,
 * let it be whole again, and see that both sides become equal by themselves. Not thread-safe.
 */
final class Protected implements AutoCloseable {
    static final long MIB = 1 << 20;
    static final long DISK_BYTES = 64 * MIB;
    static final long REGION_BYTES = 8 * MIB;
    private static final long BYTES_PER_SECOND = 3 * MIB;

    private final Pair pair;
    private final String[] disks;
    private final String vm;
    private final Load load;

    /** Breaks something, or makes it whole. */
    interface Step {
        /** Does it. */
        void run() throws IOException, InterruptedException, StorageException;
    }

    /** Protects new disks and starts the load. */
    Protected(Pair pair, long seed) throws IOException, InterruptedException, StorageException {
        this(pair, seed, pair.newDisk(DISK_BYTES), pair.newDisk(DISK_BYTES));
    }

    /** Protects disks that are there. */
    Protected(Pair pair, long seed, String... disks) throws IOException, InterruptedException, StorageException {
        this.pair = pair;
        this.disks = disks;
        this.vm = pair.protect(true, true, disks);
        pair.awaitInStep(vm);
        awaitExports();
        this.load = new Load(pair, seed, REGION_BYTES, BYTES_PER_SECOND, disks).start();
        load.awaitMore(20);
    }

    String vm() {
        return vm;
    }

    String[] disks() {
        return disks.clone();
    }

    Load load() {
        return load;
    }

    void awaitExports() {
        for (String disk : disks) {
            pair.awaitExport(disk);
        }
    }

    /** State that production tells. */
    int state() throws IOException, InterruptedException {
        return Pair.report(pair.production(), vm).path("state").asInt();
    }

    /** Bytes that resyncs sent since production started. */
    long resyncBytes() throws IOException, InterruptedException {
        return progress().path("resyncSentBytes").asLong();
    }

    JsonNode progress() throws IOException, InterruptedException {
        return Pair.report(pair.production(), vm).path("progress");
    }

    /**
     * Breaks something under load, for a time, and waits until both sides are equal again. No client sees an error, and
     * the VM is never compared as a whole.
     */
    void under(String fault, Duration time, Step breaks, Step heals, GuestView view)
            throws IOException, InterruptedException, StorageException {
        load.takeSlowestMillis();
        long writesBefore = load.writes();
        long resyncBefore = resyncBytes();
        int lowest = 1;
        breaks.run();
        try {
            long end = System.nanoTime() + time.toNanos();
            while (System.nanoTime() - end < 0) {
                load.assertUnbroken();
                lowest = Math.max(lowest, checkedState(fault));
                Await.pass(Duration.ofMillis(100));
            }
        } finally {
            heals.run();
        }
        long writes = load.writes() - writesBefore;
        long healed = System.nanoTime();
        load.awaitMore(20);
        lowest = Math.max(lowest, checkedState(fault));
        equal(fault);
        long equalMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - healed);
        view.note(
                fault,
                writes,
                load.takeSlowestMillis(),
                lowest,
                Math.max(0, resyncBytes() - resyncBefore),
                equalMillis);
        load.start();
        load.awaitMore(20);
    }

    private int checkedState(String fault) throws IOException, InterruptedException {
        int state = state();
        assertNotEquals(3, state, () -> fault + ": everything is compared\n" + pair.describe(vm));
        return state;
    }

    /** Stops the load and waits until both sides are equal. */
    void equal(String context) throws IOException, InterruptedException {
        load.stop();
        try {
            pair.awaitDrained(vm);
        } catch (AssertionError e) {
            throw new AssertionError(context, e);
        }
        for (String disk : disks) {
            pair.assertDisksEqual(disk);
        }
    }

    @Override
    public void close() {
        load.close();
    }
}
