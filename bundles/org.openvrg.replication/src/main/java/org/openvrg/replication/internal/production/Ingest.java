package org.openvrg.replication.internal.production;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.replication.internal.machine.ProductionMachine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the guest's writes of one VM, all volumes together: gives each its sequence, puts it into the journal (or marks
 * the bitmap), then into the volume, then answers. One write at a time, in the order of arrival, so that journal and
 * volumes see the same history.
 *
 * <p>Production comes first: a journal that fails, is full, or keeps a write longer than the bound is left, the write
 * is marked in the bitmap instead and answered, and {@code captureBroke} is told. The thread that is stuck in the
 * journal finds on its return that its write was taken from it, and ends.
 *
 * <p>Thread-safe.
 */
final class Ingest {
    private static final Logger LOG = LoggerFactory.getLogger(Ingest.class);

    /** Writes worked off in one go before the thread is given to other VMs. */
    private static final int BATCH_OPERATIONS = 64;

    /** Who is told; calls come on the ingest's threads and return at once. */
    interface Listener {
        /** There is more in the journal. */
        void appended();

        /** The first record of an epoch stands in the journal; called between two writes. */
        void epochBegan();

        /** From now on writes mark the bitmap. */
        void captureBroke(String reason);

        /** All volumes of the VM. */
        List<ProtectedVolume> volumes();
    }

    /** One thing to be done in order: a write of the guest, or a step of the state machine. */
    private sealed interface Step {}

    private record WriteStep(WriteOperation operation) implements Step {}

    /** Runs between two writes; {@code whenStuck} answers instead when it fails. */
    private record ControlStep(ControlTask task, Runnable whenStuck) implements Step {}

    /** What a control step does. */
    private interface ControlTask {
        /** Does it; {@code mine} is the generation that it belongs to, see {@link #isCurrent}. */
        void run(int mine);
    }

    private final Executor pool;
    private final Executor syncPool;
    private final LongSupplier nanoClock;
    private final RecordLog journal;
    private final ModeFile mode;
    private final Listener listener;

    private final ArrayDeque<Step> queue = new ArrayDeque<>();
    private boolean running;
    private int generation;
    private int stuckThreads;
    private WriteOperation inJournal;
    private boolean inControl;
    private long busySinceNanos;

    /** Time that journal and control steps have taken so far. */
    private long journalNanos;

    private final GuestFlushes flushes;

    private final Object captureLock = new Object();
    private volatile boolean capturing;
    private final AtomicLong capturedBytes = new AtomicLong();
    private final AtomicLong recordsSinceCheckpoint = new AtomicLong();

    Ingest(
            Executor pool,
            Executor syncPool,
            LongSupplier nanoClock,
            RecordLog journal,
            ModeFile mode,
            boolean capturing,
            Listener listener) {
        this.pool = pool;
        this.syncPool = syncPool;
        this.nanoClock = nanoClock;
        this.journal = journal;
        this.mode = mode;
        this.capturing = capturing;
        this.listener = listener;
        this.flushes = new GuestFlushes(
                pool, syncPool, nanoClock, journal, mode, listener::volumes, new GuestFlushes.Capture() {
                    @Override
                    public boolean capturing() {
                        return Ingest.this.capturing();
                    }

                    @Override
                    public void breakCapture(String reason) {
                        Ingest.this.breakCapture(reason);
                    }
                });
    }

    boolean capturing() {
        return capturing;
    }

    long capturedBytes() {
        return capturedBytes.get();
    }

    /** Takes a write; its answer completes when it is safe by the rules of the present mode. */
    CompletableFuture<Void> submit(WriteOperation operation) {
        enqueue(new WriteStep(operation));
        return operation.answer;
    }

    /** Ends capture at once: writes that are not yet in the journal mark the bitmap. */
    void stopCapture() {
        endCapture();
    }

    /** Returns whether writes were captured. */
    private boolean endCapture() {
        synchronized (captureLock) {
            if (!capturing) {
                return false;
            }
            capturing = false;
            mode.noteCaptureStopped();
        }
        // A power loss must not find the VM in its queue. Nobody waits for it: the disk may be what is stuck.
        mode.persist(syncPool);
        return true;
    }

    /** Keeps what the machine saved, but never that writes are captured when they are not. */
    void save(ProductionMachine.Saved saved) {
        synchronized (captureLock) {
            mode.save(new ProductionMachine.Saved(
                    saved.capturing() && capturing, saved.steady(), saved.compare(), saved.epoch(), saved.resyncId()));
        }
        mode.persist(syncPool);
    }

    /**
     * Runs a change of the bitmaps that is only right while writes go to the journal.
     *
     * @return whether it ran
     */
    boolean whileCapturing(Runnable change) {
        synchronized (captureLock) {
            if (capturing) {
                change.run();
            }
            return capturing;
        }
    }

    /**
     * Begins an epoch with the begin of a resync, between two writes.
     *
     * @param begun told the sequence of the begin
     * @param failed told the reason
     */
    void startEpoch(long epoch, ResyncMark mark, long minimumSequence, Consumer<Long> begun, Consumer<String> failed) {
        enqueue(new ControlStep(
                mine -> {
                    if (stuck()) {
                        failed.accept("the journal does not answer");
                        return;
                    }
                    try {
                        journal.beginEpoch(epoch);
                        long sequence = Math.max(minimumSequence, journal.lastSequence() + 1);
                        synchronized (captureLock) {
                            mode.noteCaptureStarted(epoch, journal.lastSequence());
                        }
                        journal.append(StreamRecord.resync(sequence, true, mark));
                        if (!captures(mine)) {
                            failed.accept("the journal does not answer");
                            return;
                        }
                        listener.epochBegan();
                        begun.accept(sequence);
                        listener.appended();
                    } catch (JournalException e) {
                        synchronized (captureLock) {
                            mode.noteCaptureStopped();
                        }
                        failed.accept(e.getMessage());
                    }
                },
                () -> failed.accept("the journal does not answer")));
    }

    /** Begins to capture, unless the step was taken for stuck meanwhile and others go on with the queue. */
    private boolean captures(int mine) {
        synchronized (queue) {
            synchronized (captureLock) {
                capturing = generation == mine;
                if (!capturing) {
                    mode.noteCaptureStopped();
                }
                return capturing;
            }
        }
    }

    private boolean isCurrent(int mine) {
        synchronized (queue) {
            return generation == mine;
        }
    }

    /** Puts a mark into the journal between two writes; does nothing while writes are not captured. */
    void mark(java.util.function.LongFunction<StreamRecord> record, Consumer<Long> done) {
        enqueue(new ControlStep(
                mine -> {
                    if (!capturing || stuck()) {
                        return;
                    }
                    try {
                        long sequence = journal.lastSequence() + 1;
                        journal.append(record.apply(sequence));
                        if (!isCurrent(mine)) {
                            return; // the capture was given up meanwhile
                        }
                        recordsSinceCheckpoint.set(0);
                        mode.redoMark(sequence); // all writes before it stand in the volumes
                        done.accept(sequence);
                        listener.appended();
                    } catch (JournalException e) {
                        breakCapture(e.getMessage());
                    }
                },
                () -> {}));
    }

    /** Puts a checkpoint into the journal if anything was written since the last one. */
    void checkpoint(long epochMillis) {
        if (capturing && recordsSinceCheckpoint.get() > 0) {
            mark(sequence -> StreamRecord.checkpoint(sequence, epochMillis), sequence -> {});
        }
    }

    /** Completes once all that was answered before survives a power loss, or once that can't be waited for any more. */
    CompletableFuture<Void> flush() {
        return flushes.flush();
    }

    /**
     * Looks for a write that has waited for the journal longer than the bound, in it or behind others that were in it,
     * for a mark and for a flush that it keeps as long. Leaves the journal then, and takes a write that is in it away
     * from it. Called by a timer.
     *
     * @param boundNanos the bound
     */
    void watch(long boundNanos) {
        flushes.watch(boundNanos);
        Optional<WriteOperation> stuck;
        int next;
        synchronized (queue) {
            if (waitedNanos() < boundNanos) {
                return;
            }
            stuck = Optional.ofNullable(inJournal);
            if (stuck.isPresent()) {
                stuck.get().usePayload();
                if (!stuck.get().claimBypassed()) {
                    stuck.get().donePayload();
                    return;
                }
            }
            inJournal = null;
            inControl = false;
            stuckThreads++;
            next = ++generation;
            running = true;
        }
        breakCapture("the journal took longer than the bound for a write");
        pool.execute(() -> {
            stuck.ifPresent(operation -> {
                operation.volume.dirty.mark(operation.offsetBytes, operation.lengthBytes);
                writeVolume(operation, false);
            });
            run(next);
        });
    }

    /** What the journal has cost the oldest write so far, 0 while it is not at work; under the queue's lock. */
    private long waitedNanos() {
        if (inJournal == null && !inControl) {
            return 0;
        }
        long busyNanos = nanoClock.getAsLong() - busySinceNanos;
        Optional<WriteOperation> oldest = Optional.ofNullable(inJournal).or(() -> queue.stream()
                .filter(WriteStep.class::isInstance)
                .findFirst()
                .map(step -> ((WriteStep) step).operation()));
        return Math.max(
                busyNanos,
                oldest.map(write -> journalNanos + busyNanos - write.journalNanosBefore)
                        .orElse(0L));
    }

    private boolean stuck() {
        synchronized (queue) {
            return stuckThreads > 0;
        }
    }

    private void enqueue(Step step) {
        int mine;
        synchronized (queue) {
            if (step instanceof WriteStep write) {
                boolean busy = inJournal != null || inControl;
                write.operation().journalNanosBefore =
                        journalNanos + (busy ? nanoClock.getAsLong() - busySinceNanos : 0);
            }
            queue.add(step);
            if (running) {
                return;
            }
            running = true;
            mine = generation;
        }
        pool.execute(() -> run(mine));
    }

    private void run(int mine) {
        for (int i = 0; i < BATCH_OPERATIONS; i++) {
            Step step;
            synchronized (queue) {
                if (generation != mine) {
                    return;
                }
                step = queue.poll();
                if (step == null) {
                    running = false;
                    return;
                }
            }
            if (step instanceof WriteStep write) {
                if (!carryOut(write.operation())) {
                    return;
                }
            } else if (step instanceof ControlStep control && !runControl(control, mine)) {
                return;
            }
        }
        pool.execute(() -> run(mine));
    }

    /** Returns false when it took too long and another thread goes on with the queue. */
    private boolean runControl(ControlStep control, int mine) {
        synchronized (queue) {
            inControl = true;
            busySinceNanos = nanoClock.getAsLong();
        }
        try {
            control.task().run(mine);
        } catch (RuntimeException e) {
            LOG.error("A step of the state machine failed", e);
            control.whenStuck().run();
        }
        synchronized (queue) {
            if (generation != mine) {
                stuckThreads--;
                return false;
            }
            inControl = false;
            journalNanos += nanoClock.getAsLong() - busySinceNanos;
            return true;
        }
    }

    /** Returns false when the write was taken away and another thread goes on with the queue. */
    private boolean carryOut(WriteOperation operation) {
        ProtectedVolume volume = operation.volume;
        volume.reads.writeBegins(operation.offsetBytes, operation.lengthBytes);
        boolean kept = false;
        if (capturing) {
            synchronized (queue) {
                inJournal = operation;
                busySinceNanos = nanoClock.getAsLong();
            }
            Optional<String> failure = journal(operation);
            synchronized (queue) {
                if (!operation.claimJournalled()) {
                    stuckThreads--;
                    operation.donePayload();
                    return false;
                }
                inJournal = null;
                journalNanos += nanoClock.getAsLong() - busySinceNanos;
            }
            failure.ifPresent(this::breakCapture);
            kept = failure.isEmpty();
        }
        if (!kept) {
            volume.dirty.mark(operation.offsetBytes, operation.lengthBytes);
        }
        writeVolume(operation, kept);
        return true;
    }

    /** Touches the activity log and appends; the reason when that failed. */
    private Optional<String> journal(WriteOperation operation) {
        try {
            long sequence = journal.lastSequence() + 1;
            operation.volume.activity.touch(operation.offsetBytes, operation.lengthBytes, sequence);
            if (operation.type.carriesBytes()) {
                appendBytes(operation, sequence);
            } else {
                journal.append(new StreamRecord(
                        sequence,
                        operation.type,
                        operation.volume.key,
                        operation.offsetBytes,
                        operation.lengthBytes,
                        ByteBuffer.allocate(0)));
            }
            recordsSinceCheckpoint.incrementAndGet();
            listener.appended();
            return Optional.empty();
        } catch (JournalException e) {
            return Optional.of(e.getMessage());
        }
    }

    private void appendBytes(WriteOperation operation, long firstSequence) throws JournalException {
        ByteBuffer bytes = operation.payload().bytes();
        long sequence = firstSequence;
        for (long done = 0; done < operation.lengthBytes; done += StreamRecord.MAX_PAYLOAD_BYTES) {
            int part = (int) Math.min(StreamRecord.MAX_PAYLOAD_BYTES, operation.lengthBytes - done);
            journal.append(new StreamRecord(
                    sequence++,
                    RecordType.WRITE,
                    operation.volume.key,
                    operation.offsetBytes + done,
                    part,
                    bytes.slice((int) done, part)));
        }
    }

    private void writeVolume(WriteOperation operation, boolean journalled) {
        ProtectedVolume volume = operation.volume;
        try {
            if (volume.inline) {
                switch (operation.type) {
                    case WRITE ->
                        volume.disk.write(
                                operation.offsetBytes, operation.payload().bytes());
                    case ZERO -> volume.disk.zero(operation.offsetBytes, operation.lengthBytes, false);
                    case TRIM -> volume.disk.zero(operation.offsetBytes, operation.lengthBytes, true);
                    default -> throw new IllegalStateException("a guest does not send " + operation.type);
                }
            }
            if (capturing) {
                mode.redoMark(journal.lastSequence());
            }
            if (!journalled) {
                volume.writtenBesideJournal();
            }
            capturedBytes.addAndGet(operation.lengthBytes);
            volume.reads.writeEnds(operation.offsetBytes, operation.lengthBytes);
            operation.donePayload();
            answer(operation);
        } catch (StorageException e) {
            // The disk of the guest failed, while the journal may hold the write: the block must be looked at again.
            breakCapture("a production volume failed: " + e.getMessage());
            volume.dirty.mark(operation.offsetBytes, operation.lengthBytes);
            volume.reads.writeEnds(operation.offsetBytes, operation.lengthBytes);
            operation.donePayload();
            operation.answer.completeExceptionally(e);
        }
    }

    private void answer(WriteOperation operation) {
        if (!operation.forceUnitAccess) {
            operation.answer.complete(null);
            return;
        }
        flush().whenComplete((ok, failure) -> {
            if (failure == null) {
                operation.answer.complete(null);
            } else {
                operation.answer.completeExceptionally(failure);
            }
        });
    }

    private void breakCapture(String reason) {
        if (endCapture()) {
            listener.captureBroke(reason);
        }
    }
}
