package org.openvrg.api.file;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.StorageVolume;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls of storage that may stop answering for ever, as a share whose server is gone does: each is made on a thread of a
 * bounded set of its own, and its caller waits for a limited time only. Thread-safe.
 *
 * <p>A call that was given up still runs, and may change the storage when it answers again. Therefore a volume with such
 * a call fails for good, its {@code close} ends only behind that call, and nothing new is opened meanwhile.
 */
public final class BoundedCalls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BoundedCalls.class);
    private static final long IDLE_SECONDS = 30;

    private final ThreadPoolExecutor threads;
    private final Duration limit;
    private final int maxThreads;
    private final Set<Object> late = ConcurrentHashMap.newKeySet();

    /**
     * For one datastore.
     *
     * @param name of its threads
     * @param limit longest time that a caller waits
     * @param maxThreads most calls at once; one more fails at once
     */
    public BoundedCalls(String name, Duration limit, int maxThreads) {
        this.limit = limit;
        this.maxThreads = maxThreads;
        AtomicInteger number = new AtomicInteger();
        this.threads = new ThreadPoolExecutor(
                0, maxThreads, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
                    Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /** What is called. */
    @FunctionalInterface
    public interface Call<T> {
        /** Calls the storage. */
        T run() throws StorageException;
    }

    /**
     * Opens a volume, each of whose calls is bounded as well.
     *
     * @param name what messages call it
     * @throws StorageException {@link Kind#IO} if it took too long, or an earlier call has still not ended
     */
    public StorageVolume open(String name, Call<StorageVolume> opener) throws StorageException {
        if (!late.isEmpty()) {
            throw new StorageException(
                    Kind.IO,
                    "volume " + name + ": an earlier call to its storage has not ended yet, which does not answer");
        }
        return new BoundedVolume(this, call(name, opener, BoundedCalls::closeUnwanted), name);
    }

    /**
     * Makes a call.
     *
     * @param onLate takes what comes when nobody waits for it any more
     * @throws StorageException {@link Kind#IO} if it took too long, and what the call throws
     */
    <T> T call(String name, Call<T> call, Consumer<T> onLate) throws StorageException {
        CompletableFuture<T> answer = new CompletableFuture<>();
        Object ticket = new Object();
        try {
            threads.execute(() -> run(call, answer, ticket, onLate));
        } catch (RejectedExecutionException e) {
            throw new StorageException(
                    Kind.IO,
                    "volume " + name + ": all " + maxThreads + " threads of its datastore wait for storage",
                    e);
        }
        try {
            return answer.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return giveUp(name, answer, ticket);
        } catch (ExecutionException e) {
            throw failure(name, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return giveUp(name, answer, ticket);
        }
    }

    private <T> T giveUp(String name, CompletableFuture<T> answer, Object ticket) throws StorageException {
        late.add(ticket);
        StorageException failure = new StorageException(
                Kind.IO, "volume " + name + ": its storage did not answer within " + limit.toMillis() + " ms");
        if (answer.completeExceptionally(failure)) {
            throw failure;
        }
        late.remove(ticket);
        try {
            return answer.join();
        } catch (java.util.concurrent.CompletionException e) {
            throw failure(name, e.getCause());
        }
    }

    private <T> void run(Call<T> call, CompletableFuture<T> answer, Object ticket, Consumer<T> onLate) {
        try {
            T result = call.run();
            if (!answer.complete(result)) {
                onLate.accept(result);
            }
        } catch (StorageException | RuntimeException e) {
            answer.completeExceptionally(e);
        } finally {
            late.remove(ticket);
        }
    }

    private static StorageException failure(String name, Throwable cause) {
        return cause instanceof StorageException expected
                ? new StorageException(expected.kind(), expected.getMessage(), expected)
                : new StorageException(Kind.IO, "volume " + name + ": its storage failed", cause);
    }

    private static void closeUnwanted(StorageVolume volume) {
        try {
            volume.close();
        } catch (StorageException e) {
            throw new IllegalStateException("a volume that came too late can't be closed", e);
        }
    }

    /** Closes the datastore, and waits as for a call. */
    public void closeWith(Runnable closing) {
        try {
            call(
                    "",
                    () -> {
                        closing.run();
                        return true;
                    },
                    late -> {});
        } catch (StorageException e) {
            LOG.warn("A datastore was not closed in time: {}", e.getMessage());
        }
    }

    /** Takes no further calls; those under way go on. */
    @Override
    public void close() {
        threads.shutdown();
    }
}
