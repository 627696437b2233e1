package org.openvrg.replication.internal.production;

import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.journal.Journal;
import org.openvrg.wire.Message;
import org.openvrg.wire.RecordBatch;

/**
 * Reads a VM's journal from a given sequence on and packs it into frames. Confined to the VM's actor.
 */
final class StreamSender {
    private final UUID vmUuid;
    private final VmFiles files;
    private Optional<Journal.Cursor> cursor = Optional.empty();
    private Optional<Journal.Entry> waiting = Optional.empty();
    private long sentSequence;
    private final AtomicLong sentBytes = new AtomicLong();

    StreamSender(UUID vmUuid, VmFiles files) {
        this.vmUuid = vmUuid;
        this.files = files;
    }

    long sentBytes() {
        return sentBytes.get();
    }

    long sentSequence() {
        return sentSequence;
    }

    /** Goes on with a sequence. */
    void start(long sequence) throws JournalException {
        stop();
        cursor = Optional.of(files.journal().cursor(files.indexOf(sequence)));
        sentSequence = sequence - 1;
    }

    void stop() {
        waiting = Optional.empty();
        cursor.ifPresent(Journal.Cursor::close);
        cursor = Optional.empty();
    }

    /** The next frame, when there is anything to send. */
    Optional<Message> next(boolean compress) throws JournalException {
        if (cursor.isEmpty()) {
            return Optional.empty();
        }
        RecordBatch.Builder batch = RecordBatch.builder(compress);
        long epoch = 0;
        while (true) {
            if (waiting.isEmpty()) {
                waiting = cursor.get().next();
            }
            if (waiting.isEmpty()) {
                break;
            }
            Journal.Entry entry = waiting.get();
            if (!batch.isEmpty() && entry.epoch() != epoch) {
                break;
            }
            StreamRecord record = entry.record();
            if (!batch.tryAdd(record)) {
                break;
            }
            epoch = entry.epoch();
            sentSequence = record.sequence();
            waiting = Optional.empty();
        }
        if (batch.isEmpty()) {
            return Optional.empty();
        }
        RecordBatch packed = batch.build();
        sentBytes.addAndGet(packed.packedBytes());
        return Optional.of(new Message.Data(vmUuid, epoch, packed));
    }
}
