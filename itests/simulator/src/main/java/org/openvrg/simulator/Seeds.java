package org.openvrg.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** A range of seeds, each a world of its own on one thread; several threads share the range. */
final class Seeds {
    /** A thread of the simulator works off other events further down its own stack while it waits. */
    private static final long STACK_BYTES = 64L << 20;

    private final AtomicLong next;
    private final long end;
    private final AtomicLong events = new AtomicLong();
    private final AtomicReference<Optional<Simulator.Outcome>> failed = new AtomicReference<>(Optional.empty());

    Seeds(long first, long count) {
        this.next = new AtomicLong(first);
        this.end = first + count;
    }

    /** Runs them until one fails; the lowest that failed. */
    Optional<Simulator.Outcome> run() {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            Thread thread = new Thread(null, this::takeSeeds, "simulator-" + i, STACK_BYTES);
            thread.start();
            threads.add(thread);
        }
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            next.set(end);
            throw new IllegalStateException("interrupted between two seeds", e);
        }
        return failed.get();
    }

    /** Events of all worlds so far. */
    long events() {
        return events.get();
    }

    private void takeSeeds() {
        long seed = next.getAndIncrement();
        while (seed < end && failed.get().isEmpty()) {
            Simulator.Outcome outcome = Simulator.run(seed);
            events.addAndGet(outcome.events());
            if (outcome.failure().isPresent()) {
                failed.accumulateAndGet(
                        Optional.of(outcome),
                        (known, other) -> known.isPresent()
                                        && known.get().seed()
                                                < other.orElseThrow().seed()
                                ? known
                                : other);
            }
            seed = next.getAndIncrement();
        }
    }
}
