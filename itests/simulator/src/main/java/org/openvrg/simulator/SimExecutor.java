package org.openvrg.simulator;

import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** A pool of threads in simulated time: a task begins after a random while, so tasks of different VMs overtake. */
final class SimExecutor extends AbstractExecutorService implements ScheduledExecutorService {
    private final Sim sim;
    private final SimProcess process;
    private final Pool pool;
    private final long leastNanos;
    private final long mostNanos;
    private boolean shutdown;

    SimExecutor(Sim sim, SimProcess process, Pool pool, long leastNanos, long mostNanos) {
        this.sim = sim;
        this.process = process;
        this.pool = pool;
        this.leastNanos = leastNanos;
        this.mostNanos = mostNanos;
    }

    @Override
    public void execute(Runnable task) {
        if (shutdown) {
            throw new RejectedExecutionException("the pool is shut down");
        }
        sim.after(sim.between(leastNanos, mostNanos), process, pool, task);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        return once(
                () -> {
                    task.run();
                    return null;
                },
                unit.toNanos(delay));
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> task, long delay, TimeUnit unit) {
        return once(task, unit.toNanos(delay));
    }

    private <V> ScheduledFuture<V> once(Callable<V> task, long delayNanos) {
        Planned<V> planned = new Planned<>(task);
        sim.after(delayNanos + sim.between(leastNanos, mostNanos), process, pool, planned);
        return planned;
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long first, long period, TimeUnit unit) {
        return scheduleWithFixedDelay(task, first, period, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable task, long first, long delay, TimeUnit unit) {
        Repeated repeated = new Repeated(task, unit.toNanos(delay));
        sim.after(unit.toNanos(first), process, pool, repeated);
        return repeated;
    }

    @Override
    public void shutdown() {
        shutdown = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
        shutdown = true;
        return List.of();
    }

    @Override
    public boolean isShutdown() {
        return shutdown;
    }

    @Override
    public boolean isTerminated() {
        return shutdown;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return true;
    }

    private static class Planned<V> extends FutureTask<V> implements ScheduledFuture<V> {
        Planned(Callable<V> task) {
            super(task);
        }

        @Override
        protected void setException(Throwable failure) {
            if (failure instanceof Error error) {
                throw error;
            }
            super.setException(failure);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return 0;
        }

        @Override
        @SuppressWarnings("ComparableType")
        public int compareTo(Delayed other) {
            return 0;
        }
    }

    private final class Repeated extends Planned<Object> {
        private final Runnable task;
        private final long delayNanos;

        Repeated(Runnable task, long delayNanos) {
            super(() -> null);
            this.task = task;
            this.delayNanos = delayNanos;
        }

        @Override
        public void run() {
            if (!isCancelled() && !shutdown) {
                task.run();
                sim.after(delayNanos, process, pool, this);
            }
        }
    }
}
