package org.openvrg.replication.internal.standby;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.journal.Journal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The DR side's journal of a VM together with what its marks mean: takes the stream, refuses gaps, recognises
 * duplicates, and knows up to where entries may be applied so that the last consistent copy survives a resync.
 *
 * <p>Confined to the VM's actor, but for {@link #sync}.
 */
final class StandbyJournal implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StandbyJournal.class);

    /** Share of the journal that a held-back resync may fill before it is applied in place. */
    private static final double HOLD_LIMIT = 0.75;

    private final Journal journal;
    private final Path stateFile;
    private StandbyState state;
    private boolean stateChanged;
    private boolean damagedAtOpen;
    private long attachment;
    private long resyncFrames;

    /** What became of records that came in. */
    enum Outcome {
        /** They stand in the journal, or did before. */
        TAKEN,
        /** They do not follow what is there: the sender must attach again. */
        GAP
    }

    /**
     * A point up to which the journal was synced.
     *
     * @param sequence newest record
     * @param index newest entry
     * @param resyncId resync that the frames belong to
     * @param attachment attachment that numbered the frames
     * @param frames frames of the resync's blocks
     */
    record Point(long sequence, long index, long resyncId, long attachment, long frames, long checkpointEpochMillis) {}

    private StandbyJournal(Journal journal, Path stateFile, StandbyState state) {
        this.journal = journal;
        this.stateFile = stateFile;
        this.state = state;
    }

    /**
     * Opens or makes a VM's journal.
     *
     * @param generation used when it is new
     */
    static StandbyJournal open(Path directory, long segmentBytes, long limitBytes, long generation)
            throws JournalException {
        Journal journal = Journal.open(new Journal.Settings(directory.resolve("journal"), segmentBytes, limitBytes));
        try {
            Path stateFile = directory.resolve("state");
            Optional<StandbyState> found = load(stateFile);
            StandbyState state = found.orElse(StandbyState.fresh(generation)).cutAt(journal.lastIndex());
            StandbyJournal opened = new StandbyJournal(journal, stateFile, state);
            opened.damagedAtOpen = journal.damage().isPresent();
            // records without an epoch: given up before, and come back because a power loss undid that they were
            // deleted
            boolean leftOver = state.epoch() == 0 && journal.firstIndex() <= journal.lastIndex();
            if (opened.damagedAtOpen || found.isEmpty() || leftOver) {
                opened.distrust(generation);
            }
            opened.readMarksOrDistrust(generation);
            journal.sync(); // a killed process may have left entries in the page cache only
            opened.state.store(stateFile);
            return opened;
        } catch (JournalException | RuntimeException e) {
            journal.close();
            throw e;
        }
    }

    private void readMarksOrDistrust(long generation) throws JournalException {
        StandbyState stored = state;
        try {
            readMarks();
        } catch (JournalException e) {
            if (e.kind() != JournalException.Kind.DAMAGED) {
                throw e;
            }
            LOG.error("{}: everything is compared anew", e.getMessage());
            damagedAtOpen = true;
            state = stored; // nothing behind a mark that was not stored has been applied
            distrust(generation);
        }
    }

    private static Optional<StandbyState> load(Path stateFile) {
        try {
            return StandbyState.load(stateFile);
        } catch (JournalException e) {
            LOG.warn("{}: everything is compared anew", e.getMessage());
            return Optional.empty();
        }
    }

    /** Takes up marks that are in the journal and came after the state was last stored. */
    private void readMarks() throws JournalException {
        long known = Math.max(state.beginIndex(), state.endIndex());
        long from = Math.max(journal.firstIndex(), known + 1);
        if (from > journal.lastIndex()) {
            return;
        }
        long epoch = state.epoch();
        try (Journal.Cursor cursor = journal.cursor(from)) {
            Optional<Journal.Entry> entry = cursor.next();
            while (entry.isPresent()) {
                epoch = Math.max(epoch, entry.get().epoch());
                note(entry.get().record(), entry.get().index());
                entry = cursor.next();
            }
        }
        // not that of the journal: an epoch may have been begun there whose first record never came
        state = state.withEpoch(epoch);
    }

    /** Whether what a former run left had to be given up. */
    boolean damagedAtOpen() {
        return damagedAtOpen;
    }

    Journal journal() {
        return journal;
    }

    StandbyState state() {
        return state;
    }

    /** A sender attached anew: its frames are counted from 1 again. */
    void attached() {
        attachment++;
        resyncFrames = 0;
    }

    /** Frames of a point, as the present attachment numbers them. */
    long framesOf(Point point) {
        return point.attachment() == attachment ? point.frames() : 0;
    }

    /**
     * Gives up all that is here: entries are damaged, or the volumes know more than the journal. Production finds that
     * this side has seen no epoch, and compares everything. Volumes that are consistent stay so: the comparison is held
     * back from them like any resync.
     *
     * @param generation new, so that the agent forgets its position too; a greater one is taken where the clock went back
     */
    void distrust(long generation) throws JournalException {
        startAnew(state.distrusted(newer(generation)));
    }

    /**
     * The same when a volume is not what it was: there is no consistent copy any more.
     *
     * @param generation as above
     */
    void volumeLost(long generation) throws JournalException {
        startAnew(StandbyState.fresh(newer(generation)));
    }

    private long newer(long generation) {
        return Math.max(generation, state.generation() + 1);
    }

    private void startAnew(StandbyState from) throws JournalException {
        state = from;
        state.store(stateFile);
        journal.trim(journal.lastIndex());
    }

    /** Newest index that may be applied. */
    long applyLimit() {
        return state.holdIndex() > 0 ? state.holdIndex() : journal.lastIndex();
    }

    /** Takes records of the history; those that are there already are skipped. The first epoch is 1. */
    Outcome take(long epoch, List<StreamRecord> records) throws JournalException {
        if (records.isEmpty() || epoch == 0 || epoch < state.epoch()) {
            return Outcome.GAP;
        }
        StreamRecord first = records.get(0);
        if (epoch > state.epoch()) {
            if (first.type() != RecordType.RESYNC_BEGIN || first.sequence() <= journal.lastSequence()) {
                return Outcome.GAP;
            }
            if (journal.epoch() != epoch || journal.epochBegun()) {
                journal.beginEpoch(Math.max(epoch, journal.epoch() + 1));
            }
            state = state.withEpoch(epoch);
            stateChanged = true;
        } else if (first.sequence() > journal.lastSequence() + 1) {
            return Outcome.GAP;
        }
        for (StreamRecord record : records) {
            if (record.sequence() > journal.lastSequence()) {
                note(record, journal.append(record));
            }
        }
        return Outcome.TAKEN;
    }

    private void note(StreamRecord record, long index) {
        switch (record.type()) {
            case CHECKPOINT -> {
                if (state.resyncId() == 0) {
                    state = state.withCheckpoint(
                            record.payload().getLong(record.payload().position()));
                }
            }
            case RESYNC_BEGIN -> {
                ResyncMark mark = ResyncMark.decode(record.payload());
                state = state.begin(mark.resyncId(), mark.compare(), index);
                resyncFrames = 0;
                stateChanged = true;
            }
            case RESYNC_END -> {
                ResyncMark mark = ResyncMark.decode(record.payload());
                state = state.end(index, mark.epochMillis());
                stateChanged = true;
            }
            default -> {}
        }
    }

    /** Takes a frame of copied blocks. */
    Outcome takeBlocks(long resyncId, long frame, List<StreamRecord> records) throws JournalException {
        if (resyncId == 0 || resyncId != state.resyncId() || frame != resyncFrames + 1) {
            return Outcome.GAP;
        }
        for (StreamRecord record : records) {
            journal.append(new StreamRecord(
                    journal.lastSequence(),
                    record.type(),
                    record.volume(),
                    record.offsetBytes(),
                    record.lengthBytes(),
                    record.payload()));
        }
        resyncFrames = frame;
        return Outcome.TAKEN;
    }

    /** What is in the journal now, to be told once a sync that starts afterwards has ended. */
    Point point() {
        return new Point(
                journal.lastSequence(),
                journal.lastIndex(),
                state.resyncId(),
                attachment,
                resyncFrames,
                state.checkpointEpochMillis());
    }

    /** Syncs; any thread. */
    void sync() throws JournalException {
        journal.sync();
    }

    /** Stores the state when a mark changed it; call after a sync that covers the mark. */
    void storeState() throws JournalException {
        if (stateChanged) {
            stateChanged = false;
            state.store(stateFile);
        }
    }

    /** Entries up to an index stand on the volumes. */
    void applied(long index) throws JournalException {
        StandbyState next = state.applied(index);
        if (!next.equals(state)) {
            state = next;
            state.store(stateFile);
        }
    }

    /** Production told its state. */
    void peerState(ProtectionState peer) throws JournalException {
        if (peer != state.peerState()) {
            state = state.withPeerState(peer);
            state.store(stateFile);
        }
    }

    /** Whether a held-back resync takes so much room that it must be applied in place. */
    boolean holdTooLarge() {
        return state.holdIndex() > 0 && journal.usedBytes() > journal.limitBytes() * HOLD_LIMIT;
    }

    /** Gives the last consistent copy up, on stable storage before anything of the resync is applied. */
    void applyInPlace() throws JournalException {
        state = state.inPlace();
        state.store(stateFile);
    }

    /** Call before an entry behind the begin of a resync is applied to volumes that count as consistent. */
    void beforeApply(long index) throws JournalException {
        boolean worthKeeping = state.consistent() || state.endIndex() > 0;
        if (worthKeeping && state.resyncId() != 0 && state.holdIndex() == 0 && index > state.beginIndex()) {
            applyInPlace();
        }
    }

    @Override
    public void close() throws JournalException {
        try {
            state.store(stateFile);
        } finally {
            journal.close(); // its lock must go even where the disk takes nothing, or it is never opened again
        }
    }
}
