package org.openvrg.replication.internal.production;

import java.util.ArrayList;
import java.util.List;

/**
 * Decides between a block that a resync reads from a live volume and the guest's writes that race with the read: the
 * write wins, byte by byte. Every captured write that is under way when a read is issued, or begins before the read's
 * block is put into the stream, takes its range out of the block. Such a write stands in the journal, so the DR side
 * gets it anyway.
 *
 * <p>Thread-safe; one per volume.
 */
final class ReadTracker {
    private final List<Read> reads = new ArrayList<>();
    private final List<RangeSet.Range> writes = new ArrayList<>();

    /** A read that was issued and whose block is not yet in the stream. */
    final class Read {
        private final RangeSet.Range range;
        private final RangeSet overwritten = new RangeSet();

        private Read(long startBytes, long endBytes) {
            this.range = new RangeSet.Range(startBytes, endBytes);
        }

        /** Ends the race: the ranges in which the bytes read are those to send. */
        List<RangeSet.Range> finish() {
            synchronized (ReadTracker.this) {
                reads.remove(this);
                return overwritten.missing(range.startBytes(), range.endBytes());
            }
        }

        /** Ends the race without a use for the bytes. */
        void cancel() {
            synchronized (ReadTracker.this) {
                reads.remove(this);
            }
        }
    }

    /** Call before the read is issued. */
    synchronized Read begin(long offsetBytes, long lengthBytes) {
        Read read = new Read(offsetBytes, offsetBytes + lengthBytes);
        for (RangeSet.Range write : writes) {
            note(read, write);
        }
        reads.add(read);
        return read;
    }

    /** Call before a captured write is put into the journal. */
    synchronized void writeBegins(long offsetBytes, long lengthBytes) {
        RangeSet.Range write = new RangeSet.Range(offsetBytes, offsetBytes + lengthBytes);
        writes.add(write);
        for (Read read : reads) {
            note(read, write);
        }
    }

    /** Call once the write stands in the volume, or failed. */
    synchronized void writeEnds(long offsetBytes, long lengthBytes) {
        writes.remove(new RangeSet.Range(offsetBytes, offsetBytes + lengthBytes));
    }

    private static void note(Read read, RangeSet.Range write) {
        if (read.range.overlaps(write.startBytes(), write.endBytes())) {
            read.overwritten.add(write.startBytes(), write.endBytes());
        }
    }
}
