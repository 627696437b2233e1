package org.openvrg.replication.internal.production;

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

    /** The log of a journal. */
    static RecordLog of(Journal journal) {
        return new RecordLog() {
            @Override
            public void append(StreamRecord record) throws JournalException {
                journal.append(record);
            }

            @Override
            public void sync() throws JournalException {
                journal.sync();
            }

            @Override
            public void beginEpoch(long epoch) throws JournalException {
                journal.beginEpoch(epoch);
            }

            @Override
            public long lastSequence() {
                return journal.lastSequence();
            }
        };
    }
}
