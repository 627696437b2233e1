package org.openvrg.simulator;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Simulated time and all that happens in it: one queue of events, worked off by one thread in the order of their time.
 * Every choice comes from one seeded {@link Random}, so a seed is a history.
 *
 * <p>Code of the product that blocks (a slow disk, a wait for a result) works events off further down its own stack
 * until it may go on: see {@link #block} and {@link #await}. What must not happen meanwhile, because it would need a lock
 * that the blocked thread holds, is set aside by {@link SimProcess#frozen}.
 */
final class Sim {
    /** Blocked threads within blocked threads; beyond it nothing blocks any more. */
    private static final int MAX_DEPTH = 12;

    private static final int TRACE_LINES = 20_000;

    final Random random;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final boolean tracing;
    private final ArrayDeque<String> trace = new ArrayDeque<>();
    private long nowNanos = TimeUnit.SECONDS.toNanos(1);
    private Optional<Violation> failure = Optional.empty();
    private long number;
    private long executed;
    private int depth;
    private Pool currentPool = Pool.WORLD;
    private Runnable afterEvent = () -> {};

    private record Event(long atNanos, long number, SimProcess process, Pool pool, Runnable task)
            implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(atNanos, other.atNanos);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    Sim(long seed, boolean tracing) {
        this.random = new Random(seed * 0x9E3779B97F4A7C15L + 0x632BE59BD9B4E019L);
        this.tracing = tracing;
    }

    long nowNanos() {
        return nowNanos;
    }

    long executedEvents() {
        return executed;
    }

    /** Threads to which what runs now belongs. */
    Pool currentPool() {
        return currentPool;
    }

    /** Called after every event. */
    void afterEvent(Runnable check) {
        afterEvent = check;
    }

    /** Whether something happens, one time in so many. */
    boolean oneIn(int times) {
        return random.nextInt(times) == 0;
    }

    long between(long least, long most) {
        return least + (long) (random.nextDouble() * (most - least + 1));
    }

    /** Does something later, for a process while it lives. */
    void after(long delayNanos, SimProcess process, Pool pool, Runnable task) {
        events.add(new Event(nowNanos + Math.max(0, delayNanos), number++, process, pool, task));
    }

    /** Does something of the world later, whoever lives. */
    void after(long delayNanos, Runnable task) {
        after(delayNanos, SimProcess.WORLD, Pool.WORLD, task);
    }

    /** Works events off until a moment. */
    void runUntil(long untilNanos) {
        runUntil(untilNanos, () -> false);
        nowNanos = Math.max(nowNanos, untilNanos);
    }

    /** Works events off until a condition holds, or a moment; returns whether it holds. */
    boolean runUntil(long untilNanos, BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Event next = events.peek();
            if (next == null || next.atNanos > untilNanos) {
                return false;
            }
            events.poll();
            nowNanos = Math.max(nowNanos, next.atNanos);
            run(next);
        }
        return true;
    }

    private void run(Event event) {
        if (!event.process.alive()) {
            return;
        }
        if (event.process.isFrozen(event.pool)) {
            event.process.deferred.add(() -> after(0, event.process, event.pool, event.task));
            return;
        }
        executed++;
        Pool before = currentPool;
        currentPool = event.pool;
        try {
            event.task.run();
        } catch (Death death) {
            trace(death::getMessage);
        } catch (RuntimeException e) {
            throw new Violation("a task of " + event.process + " threw " + e, e);
        } finally {
            currentPool = before;
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
        afterEvent.run();
    }

    /** The calling thread of a process is stuck for a while; pools that would need its locks stand still meanwhile. */
    void block(SimProcess process, long nanos) {
        if (depth >= MAX_DEPTH || nanos <= 0) {
            return;
        }
        depth++;
        process.frozen++;
        try {
            runUntil(nowNanos + nanos);
        } finally {
            depth--;
            process.frozen--;
            if (process.frozen == 0) {
                process.thaw();
            }
        }
        process.checkAlive();
    }

    /** The calling thread of a process waits for a result. */
    <T> T await(SimProcess process, CompletableFuture<T> result, long nanos)
            throws InterruptedException, ExecutionException, TimeoutException {
        depth++;
        try {
            runUntil(nowNanos + nanos, () -> result.isDone() || !process.alive());
        } finally {
            depth--;
        }
        process.checkAlive();
        if (!result.isDone()) {
            throw new TimeoutException();
        }
        return result.get();
    }

    /** Keeps a violation that a callback of the product might swallow: it is thrown again after the event. */
    Violation fail(Violation violation) {
        if (failure.isEmpty()) {
            failure = Optional.of(violation);
        }
        return violation;
    }

    /** Whether a blocked thread is on the stack. */
    boolean nested() {
        return depth > 0;
    }

    /** Notes what happens, when somebody wants to read it. */
    void trace(Supplier<String> line) {
        if (!tracing) {
            return;
        }
        if (trace.size() == TRACE_LINES) {
            trace.remove();
        }
        trace.add(String.format("%12.6f  %s", nowNanos / 1e9, line.get()));
    }

    boolean tracing() {
        return tracing;
    }

    /** The newest lines of what happened. */
    Iterable<String> trace() {
        return trace;
    }
}
