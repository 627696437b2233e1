package org.openvrg.replication.internal.production;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.StorageException;

/**
 * The flushes of a VM's guest. While writes are captured the journal makes them safe; else the volumes do. A journal that
 * keeps a flush longer than {@link #FLUSH_BOUNDS} times the bound of a write is left. Thread-safe.
 */
final class GuestFlushes {
    /** So many times the bound of a write may a flush wait for the journal: syncs take longer than writes. */
    static final int FLUSH_BOUNDS = 20;

    /** Whether writes go to the journal. */
    interface Capture {
        /** Whether they do now. */
        boolean capturing();

        /** They do no more. */
        void breakCapture(String reason);
    }

    private final Executor pool;
    private final Executor syncPool;
    private final LongSupplier nanoClock;
    private final RecordLog journal;
    private final ModeFile mode;
    private final Supplier<List<ProtectedVolume>> volumes;
    private final Capture capture;

    private final Set<PendingFlush> flushes = ConcurrentHashMap.newKeySet();
    private volatile long flushBoundNanos = TimeUnit.SECONDS.toNanos(1);

    GuestFlushes(
            Executor pool,
            Executor syncPool,
            LongSupplier nanoClock,
            RecordLog journal,
            ModeFile mode,
            Supplier<List<ProtectedVolume>> volumes,
            Capture capture) {
        this.pool = pool;
        this.syncPool = syncPool;
        this.nanoClock = nanoClock;
        this.journal = journal;
        this.mode = mode;
        this.volumes = volumes;
        this.capture = capture;
    }

    /** Completes once all that was answered before survives a power loss, or once that can't be waited for any more. */
    CompletableFuture<Void> flush() {
        PendingFlush flush = new PendingFlush(nanoClock.getAsLong());
        flushes.add(flush);
        flush.done.whenComplete((ok, failure) -> flushes.remove(flush));
        try {
            syncPool.execute(() -> flushNow(flush));
        } catch (RejectedExecutionException e) {
            flush.done.completeExceptionally(
                    new StorageException(StorageException.Kind.CLOSED, "the export is closing", e));
        }
        return flush.done;
    }

    /** A flush that was not answered yet; whoever sets {@code taken} answers it. */
    private static final class PendingFlush {
        final long sinceNanos;
        final AtomicBoolean taken = new AtomicBoolean();
        final CompletableFuture<Void> done = new CompletableFuture<>();

        /** When the guest is answered, though the disk has not taken the mode file; set once only that is missing. */
        volatile OptionalLong answerAtNanos = OptionalLong.empty();

        PendingFlush(long sinceNanos) {
            this.sinceNanos = sinceNanos;
        }
    }

    private void flushNow(PendingFlush flush) {
        if (capture.capturing()) {
            try {
                for (ProtectedVolume volume : volumes.get()) {
                    volume.flushUnjournalled();
                }
                journal.sync();
                mode.sync(); // after a power loss the journal is redone only when the disk says that writes went there
                if (flush.taken.compareAndSet(false, true)) {
                    flush.done.complete(null);
                }
                return;
            } catch (JournalException e) {
                capture.breakCapture(e.getMessage());
            } catch (StorageException e) {
                if (flush.taken.compareAndSet(false, true)) {
                    flush.done.completeExceptionally(e); // the guest's own disk
                }
                return;
            }
        }
        if (flush.taken.compareAndSet(false, true)) {
            flushVolumes(flush);
        }
    }

    /** Without the journal a flush reaches the volumes, and the disk has to know that writes are not captured. */
    private void flushVolumes(PendingFlush flush) {
        try {
            long owed = mode.owedNow();
            for (ProtectedVolume volume : volumes.get()) {
                volume.flushMarked();
            }
            mode.noteVolumesFlushed(owed);
        } catch (StorageException e) {
            flush.done.completeExceptionally(e);
            return;
        }
        // A disk of the gateway's own that fails or does not answer must not reach the guest; the mode file tells of
        // it.
        long nowNanos = nanoClock.getAsLong();
        long leftNanos = Math.max(flush.sinceNanos + flushBoundNanos - nowNanos, flushBoundNanos / FLUSH_BOUNDS);
        flush.answerAtNanos = OptionalLong.of(nowNanos + leftNanos);
        mode.persist(syncPool).whenComplete((ok, failure) -> flush.done.complete(null));
    }

    /**
     * Looks for flushes that the journal keeps too long. Called by a timer.
     *
     * @param boundNanos the bound of a write
     */
    void watch(long boundNanos) {
        flushBoundNanos = FLUSH_BOUNDS * boundNanos;
        for (PendingFlush flush : flushes) {
            boolean late = !capture.capturing() || nanoClock.getAsLong() - flush.sinceNanos > flushBoundNanos;
            if (late && flush.taken.compareAndSet(false, true)) {
                capture.breakCapture("the journal took longer than the bound for a flush");
                pool.execute(() -> flushVolumes(flush));
            }
            OptionalLong answerAt = flush.answerAtNanos;
            if (answerAt.isPresent() && nanoClock.getAsLong() - answerAt.getAsLong() >= 0) {
                flush.done.complete(null);
            }
        }
    }
}
