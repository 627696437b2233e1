package org.openvrg.replication.internal;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks one after the other on a shared pool, in the order of their arrival. Thread-safe. A task that throws is
 * logged and does not stop those behind it; the queue's length is bounded by the callers.
 */
public final class SerialExecutor implements Executor {
    /** Tasks run in one go before the pool's thread is given to others. */
    private static final int BATCH_TASKS = 64;

    private static final Logger LOG = LoggerFactory.getLogger(SerialExecutor.class);

    private final Executor pool;
    private final String name;
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private boolean scheduled;

    /** Over a pool, with a name for the log. */
    public SerialExecutor(Executor pool, String name) {
        this.pool = pool;
        this.name = name;
    }

    @Override
    public void execute(Runnable task) {
        synchronized (tasks) {
            tasks.add(task);
            if (scheduled) {
                return;
            }
            scheduled = true;
        }
        pool.execute(this::runSome);
    }

    private void runSome() {
        for (int i = 0; i < BATCH_TASKS; i++) {
            Runnable task;
            synchronized (tasks) {
                task = tasks.poll();
                if (task == null) {
                    scheduled = false;
                    return;
                }
            }
            try {
                task.run();
            } catch (RuntimeException e) {
                LOG.error("A task of {} failed", name, e);
            }
        }
        pool.execute(this::runSome);
    }
}
