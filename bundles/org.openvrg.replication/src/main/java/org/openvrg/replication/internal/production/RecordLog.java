package org.openvrg.replication.internal.production;

import java.util.function.Supplier;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.journal.Journal;

/** What the ingest needs of a journal; tests put one here that stalls or fails. */
interface RecordLog {
    /** Appends to the page cache. */
    void append(StreamRecord record) throws JournalException;

    /** Returns once all that was appended before survives a power loss. */
    void sync() throws JournalException;

    /** The next record is the first of an epoch. */
    void beginEpoch(long epoch) throws JournalException;

    /** Sequence of the newest record. */
    long lastSequence();

    /** The log of the journal that a VM has at the time of each call; tells when there is no room for a record. */
    static RecordLog of(Supplier<Journal> journal, Runnable whenFull) {
        return new RecordLog() {
            @Override
            public void append(StreamRecord record) throws JournalException {
                try {
                    journal.get().append(record);
                } catch (JournalException e) {
                    if (e.kind() == JournalException.Kind.FULL) {
                        whenFull.run();
                    }
                    throw e;
                }
            }

            @Override
            public void sync() throws JournalException {
                journal.get().sync();
            }

            @Override
            public void beginEpoch(long epoch) throws JournalException {
                journal.get().beginEpoch(epoch);
            }

            @Override
            public long lastSequence() {
                return journal.get().lastSequence();
            }
        };
    }
}
