package org.openvrg.writeagent.internal;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Runs tasks one after the other on a shared pool, one for each turn in the pool's queue so that no VM starves another.
 * Its own queue is bounded by what feeds it, see {@link Session}. Thread-safe.
 */
final class SerialExecutor implements Executor {
    private static final Logger LOG = LoggerFactory.getLogger(SerialExecutor.class);

    private final Executor pool;
    private final String vm;
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private boolean running;

    /**
     * Runs on a pool.
     *
     * @param vm shown in the log
     */
    SerialExecutor(Executor pool, String vm) {
        this.pool = pool;
        this.vm = vm;
    }

    @Override
    public void execute(Runnable task) {
        add(task, false);
    }

    /** Runs a task before all that wait. */
    void executeFirst(Runnable task) {
        add(task, true);
    }

    private void add(Runnable task, boolean first) {
        synchronized (tasks) {
            if (first) {
                tasks.addFirst(task);
            } else {
                tasks.addLast(task);
            }
            if (running) {
                return;
            }
            running = true;
        }
        pool.execute(this::runOne);
    }

    private void runOne() {
        Runnable task;
        synchronized (tasks) {
            task = tasks.pollFirst();
            if (task == null) {
                running = false;
                return;
            }
        }
        MDC.put("vm", vm);
        try {
            task.run();
        } catch (RuntimeException e) {
            LOG.error("A task failed", e);
        } finally {
            MDC.remove("vm");
        }
        synchronized (tasks) {
            if (tasks.isEmpty()) {
                running = false;
                return;
            }
        }
        pool.execute(this::runOne);
    }
}
