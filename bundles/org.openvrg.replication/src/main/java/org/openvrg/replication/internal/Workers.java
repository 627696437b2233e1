package org.openvrg.replication.internal;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of the replication, shared by all VMs.
 *
 * <p>The ingest has threads of its own, so that nothing behind the journal can keep a guest waiting; one for each VM may
 * be stuck in a journal, so it grows up to {@link #MAX_INGEST_THREADS}, which is more than a gateway's 1,000 VMs. What
 * waits for the disk queues up when all its threads are stuck: whoever asks for it, an event loop or the timer, never
 * waits itself.
 */
public final class Workers implements AutoCloseable {
    private static final int MAX_INGEST_THREADS = 1_200;
    private static final int SYNC_THREADS = 64;
    private static final int STREAM_THREADS = Math.max(4, Runtime.getRuntime().availableProcessors());
    private static final int READ_THREADS = Math.max(4, Runtime.getRuntime().availableProcessors());
    private static final int READ_BUDGET = 64;
    private static final long IDLE_SECONDS = 30;
    private static final long CLOSE_SECONDS = 10;

    private final ExecutorService ingest;
    private final ExecutorService sync;
    private final ExecutorService stream;
    private final ExecutorService read;
    private final ScheduledExecutorService timer;
    private final Time time;
    private final Semaphore readBudget = new Semaphore(READ_BUDGET);

    /** With idle threads and the system's clocks. */
    public Workers() {
        this(
                growing("vrg-ingest", MAX_INGEST_THREADS),
                fixed("vrg-sync", SYNC_THREADS),
                fixed("vrg-stream", STREAM_THREADS),
                fixed("vrg-read", READ_THREADS),
                newTimer(),
                Time.SYSTEM);
    }

    /** With pools that it ends, and with clocks. */
    public Workers(
            ExecutorService ingest,
            ExecutorService sync,
            ExecutorService stream,
            ExecutorService read,
            ScheduledExecutorService timer,
            Time time) {
        this.ingest = ingest;
        this.sync = sync;
        this.stream = stream;
        this.read = read;
        this.timer = timer;
        this.time = time;
    }

    private static ScheduledExecutorService newTimer() {
        ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, threads("vrg-timer"));
        timer.setRemoveOnCancelPolicy(true);
        return timer;
    }

    /** For the guest's writes. */
    public ExecutorService ingest() {
        return ingest;
    }

    /** For what waits for the disk: flushes and syncs. */
    public ExecutorService sync() {
        return sync;
    }

    /** For the VMs' actors: state machines, packing, sending. */
    public ExecutorService stream() {
        return stream;
    }

    /** For reads of volumes. */
    public ExecutorService read() {
        return read;
    }

    /** For short tasks at a time. */
    public ScheduledExecutorService timer() {
        return timer;
    }

    /** Clocks, and waiting for results. */
    public Time time() {
        return time;
    }

    /** Reads of up to 1 MiB that may wait for lanes, over all VMs. */
    public Semaphore readBudget() {
        return readBudget;
    }

    @Override
    public void close() {
        timer.shutdownNow();
        for (ExecutorService pool : new ExecutorService[] {ingest, read, stream, sync}) {
            pool.shutdown();
        }
        try {
            for (ExecutorService pool : new ExecutorService[] {ingest, read, stream, sync}) {
                if (!pool.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                    pool.shutdownNow();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A pool without a queue: a task gets a thread at once, up to the limit; beyond it the caller runs it. */
    private static ExecutorService growing(String name, int most) {
        return new ThreadPoolExecutor(
                0,
                most,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new SynchronousQueue<>(),
                threads(name),
                new ThreadPoolExecutor.CallerRunsPolicy());
    }

    private static ExecutorService fixed(String name, int threads) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                threads, threads, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), threads(name));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    private static ThreadFactory threads(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
