package org.openvrg.journal;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.NoSuchFileException;
import java.util.Map;
import java.util.Optional;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.JournalException.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The cursor of {@link Journal}: follows the segments by index. For one thread. */
final class JournalCursor implements Journal.Cursor {
    private static final Logger LOG = LoggerFactory.getLogger(JournalCursor.class);

    /** A segment is renamed once in its life, so the second try finds it or it was trimmed. */
    private static final int MAX_OPEN_TRIES = 3;

    private final Journal journal;
    private long nextIndex;
    private Optional<Segment> segment = Optional.empty();
    private SegmentReader reader;
    private long position;
    private boolean closed;

    JournalCursor(Journal journal, long fromIndex) {
        this.journal = journal;
        this.nextIndex = fromIndex;
    }

    @Override
    public Optional<Journal.Entry> next() throws JournalException {
        if (closed) {
            throw new IllegalStateException("the cursor is closed");
        }
        if (nextIndex > journal.lastIndex()) {
            return Optional.empty();
        }
        try {
            Segment current = locate();
            if (!seek(current.endBytes()) || !reader.isPayloadIntact()) {
                throw damaged();
            }
            Journal.Entry entry = new Journal.Entry(nextIndex, current.epoch(), reader.record());
            position = reader.recordEnd();
            nextIndex++;
            return Optional.of(entry);
        } catch (ClosedByInterruptException e) {
            throw new JournalException(Kind.FAILED, "interrupted while reading record " + nextIndex, e);
        } catch (IOException | IllegalArgumentException e) {
            throw new JournalException(Kind.DAMAGED, "record " + nextIndex + " of the journal cannot be read", e);
        }
    }

    /** The segment that holds the next entry, with a reader on it. */
    private Segment locate() throws IOException, JournalException {
        if (segment.isPresent() && nextIndex <= segment.get().lastIndex()) {
            return segment.get();
        }
        for (int i = 0; i < MAX_OPEN_TRIES; i++) {
            Map.Entry<Long, Segment> found = journal.segments().floorEntry(nextIndex);
            if (found == null) {
                break;
            }
            Segment candidate = found.getValue();
            if (nextIndex > candidate.lastIndex()) {
                throw damaged();
            }
            try {
                SegmentReader opened = new SegmentReader(candidate.file(), candidate.salt());
                release();
                reader = opened;
                segment = Optional.of(candidate);
                position = SegmentFormat.SEGMENT_HEADER_BYTES;
                return candidate;
            } catch (NoSuchFileException e) {
                LOG.debug("a journal segment got its closed name or was trimmed in this moment", e);
            }
        }
        throw new JournalException(Kind.NOT_RETAINED, "record " + nextIndex + " is no longer in the journal");
    }

    /** Goes to the next entry; false when it is not there, where its neighbours are. */
    private boolean seek(long end) throws IOException {
        while (reader.header(position, end)) {
            if (reader.index() >= nextIndex) {
                return reader.index() == nextIndex;
            }
            position = reader.recordEnd();
        }
        long found = reader.find(position + 1, end);
        while (found >= 0 && reader.index() < nextIndex) {
            position = reader.recordEnd();
            found = reader.header(position, end) ? position : reader.find(position + 1, end);
        }
        if (found < 0 || reader.index() != nextIndex) {
            return false;
        }
        position = found;
        return true;
    }

    private JournalException damaged() {
        return new JournalException(Kind.DAMAGED, "record " + nextIndex + " of the journal is damaged");
    }

    @Override
    public long nextIndex() {
        return nextIndex;
    }

    private void release() throws IOException {
        if (segment.isPresent()) {
            reader.close();
        }
        segment = Optional.empty();
    }

    @Override
    public void close() {
        closed = true;
        try {
            release();
        } catch (IOException e) {
            LOG.warn("a journal segment was not closed cleanly", e);
        }
    }
}
