package org.openvrg.simulator;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.openvrg.replication.internal.Time;
import org.openvrg.replication.internal.Workers;

/** One life of a process on a simulated machine. Once killed, nothing of it runs any more. */
final class SimProcess implements Time {
    static final SimProcess WORLD = new SimProcess();

    private final Sim sim;
    private final String name;
    private final Clock clock;
    private final Runnable died;
    private boolean alive = true;
    private int wireVersion = 1;
    private long killAtOperation = -1;
    int frozen;
    final Deque<Runnable> deferred = new ArrayDeque<>();

    /** The wall clock of a machine. */
    static final class Clock {
        private long offsetMillis = 1_700_000_000_000L;

        void jump(long millis) {
            offsetMillis += millis;
        }
    }

    private SimProcess() {
        this(null, "the world", new Clock(), () -> {});
    }

    /** With what is to be done once it has died of its own accord. */
    SimProcess(Sim sim, String name, Clock clock, Runnable died) {
        this.sim = sim;
        this.name = name;
        this.clock = clock;
        this.died = died;
    }

    boolean alive() {
        return alive;
    }

    void checkAlive() {
        if (!alive) {
            throw new Death(name);
        }
    }

    void kill() {
        alive = false;
        deferred.clear();
    }

    /** Version of the protocol that the process speaks. */
    int wireVersion() {
        return wireVersion;
    }

    void wireVersion(int version) {
        wireVersion = version;
    }

    /** Dies here and now. */
    void die() {
        sim.trace(() -> name + " dies in the middle of an access");
        kill();
        sim.after(0, died);
        checkAlive();
    }

    /** Dies in the middle of its so-manieth access to a disk from now. */
    void killAtOperation(long operations) {
        killAtOperation = operations;
    }

    /** Counts an access to a disk; true when the process is to die within it. */
    boolean dyingOperation() {
        checkAlive();
        return killAtOperation > 0 && --killAtOperation == 0;
    }

    boolean isFrozen(Pool pool) {
        return frozen > 0 && !pool.runsBesideBlocked();
    }

    void thaw() {
        while (!deferred.isEmpty()) {
            deferred.remove().run();
        }
    }

    SimExecutor pool(Pool pool, long leastNanos, long mostNanos) {
        return new SimExecutor(sim, this, pool, leastNanos, mostNanos);
    }

    Workers workers() {
        return new Workers(
                pool(Pool.INGEST, 1_000, 30_000),
                pool(Pool.WORK, 5_000, 800_000),
                pool(Pool.WORK, 1_000, 100_000),
                pool(Pool.WORK, 5_000, 400_000),
                pool(Pool.TIMER, 0, 1_000),
                this);
    }

    @Override
    public long nanoTime() {
        return sim.nowNanos();
    }

    @Override
    public long epochMillis() {
        return clock.offsetMillis + TimeUnit.NANOSECONDS.toMillis(sim.nowNanos());
    }

    @Override
    public <T> T await(CompletableFuture<T> result, long nanos)
            throws InterruptedException, ExecutionException, TimeoutException {
        return sim.await(this, result, nanos);
    }

    @Override
    public String toString() {
        return name;
    }
}
