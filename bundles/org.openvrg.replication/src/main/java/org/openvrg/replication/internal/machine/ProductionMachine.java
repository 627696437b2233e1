package org.openvrg.replication.internal.machine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.model.ProtectionState;

/**
 * State machine of a protected VM at the production side.
 *
 * <p>Invariants: while {@link #capturing()} every write is in the journal; while not, every write is in the bitmap, or
 * passes the gateway by and is told of with {@link Event.WritesSeen}. A resync begins only when all that the journal
 * held is durable at the DR side and every write is seen, so that the marked blocks are all that is missing there. The state is {@code INCREMENTAL_QUEUE} in the phase {@link Phase#STEADY} only.
 *
 * <table>
 * <caption>Phases</caption>
 * <tr><th>phase</th><th>writes go to</th><th>leaves when</th></tr>
 * <tr><td>WAITING</td><td>bitmap</td><td>the DR side is ready</td></tr>
 * <tr><td>DRAINING</td><td>bitmap</td><td>the journal's rest is durable, and every write is seen</td></tr>
 * <tr><td>STARTING</td><td>journal</td><td>the DR side takes blocks</td></tr>
 * <tr><td>COPYING</td><td>journal</td><td>no block is left</td></tr>
 * <tr><td>ENDING</td><td>journal</td><td>the end mark is durable</td></tr>
 * <tr><td>STEADY</td><td>journal</td><td>capture breaks, or a full check is needed</td></tr>
 * </table>
 *
 * <p>Not thread-safe: one event at a time, actions carried out before the next one.
 */
public final class ProductionMachine {
    /** Where a VM is on its way to the incremental queue. */
    public enum Phase {
        /** For the DR side. */
        WAITING,
        /** The journal's rest is on its way. */
        DRAINING,
        /** The begin of a resync is on its way. */
        STARTING,
        /** Blocks are compared and copied. */
        COPYING,
        /** The end of a resync is on its way. */
        ENDING,
        /** Nothing is missing at the DR side but what is queued. */
        STEADY
    }

    /**
     * What outlives a restart.
     *
     * @param capturing whether writes went to the journal
     * @param steady whether no resync was under way or owed
     * @param compare whether the resync owed or under way compares by hash
     * @param epoch newest epoch
     * @param resyncId newest resync
     */
    public record Saved(boolean capturing, boolean steady, boolean compare, long epoch, long resyncId) {
        /** A VM that was never replicated. */
        public static final Saved NEW = new Saved(false, false, true, 0, 0);
    }

    /**
     * What the journal holds when the machine starts.
     *
     * @param firstSequence oldest record, {@code lastSequence + 1} when there is none
     * @param lastSequence newest record
     * @param epochBegin oldest record of the newest epoch, 0 when there is none
     * @param gapCovered whether records may be missing after the newest one (a power loss), with their extents marked
     */
    public record Retained(long firstSequence, long lastSequence, long epochBegin, boolean gapCovered) {}

    private Phase phase;
    private boolean compare;
    private boolean capturing;
    private boolean peerReady;
    private long epoch;
    private long resyncId;
    private long firstSequence;
    private long lastSequence;
    private long peerDurable;
    private long peerEpoch;
    private long peerResyncId;
    private long beginSequence;
    /** Where the newest epoch begins in the journal, 0 when it does not; also that of a former life. */
    private long epochBegin;

    private long endSequence;
    private boolean gapCovered;
    private boolean writesSeen;
    /** Why the epoch that is about to begin is worth nothing, once it is. */
    private Optional<String> brokenMeanwhile = Optional.empty();

    private final List<Action> actions = new ArrayList<>();

    /**
     * Starts from what was saved. A resync that was under way is taken up again from the marked blocks.
     *
     * @param writesSeen whether no write can pass the exports by; else {@link Event.WritesSeen} is awaited first
     */
    public ProductionMachine(Saved saved, Retained retained, boolean writesSeen) {
        this.gapCovered = retained.gapCovered();
        this.writesSeen = writesSeen;
        this.capturing = saved.capturing() && saved.steady() && !gapCovered && writesSeen;
        this.phase = capturing ? Phase.STEADY : Phase.WAITING;
        this.compare = saved.compare();
        this.epoch = saved.epoch();
        this.resyncId = saved.resyncId();
        this.firstSequence = retained.firstSequence();
        this.lastSequence = retained.lastSequence();
        this.epochBegin = retained.epochBegin();
    }

    /** Phase right now. */
    public Phase phase() {
        return phase;
    }

    /** Whether writes go to the journal. */
    public boolean capturing() {
        return capturing;
    }

    /** The contract's state. */
    public ProtectionState state() {
        if (phase == Phase.STEADY) {
            return ProtectionState.INCREMENTAL_QUEUE;
        }
        return compare ? ProtectionState.CONSISTENCY_CHECK : ProtectionState.INCREMENTAL_CBT;
    }

    /** What must outlive a restart right now. */
    public Saved saved() {
        return new Saved(capturing, phase == Phase.STEADY, compare, epoch, resyncId);
    }

    /** The resync under way, 0 when none. */
    public long currentResync() {
        return phase == Phase.STARTING || phase == Phase.COPYING || phase == Phase.ENDING ? resyncId : 0;
    }

    /** Newest epoch. */
    public long epoch() {
        return epoch;
    }

    /** Tells the newest record of the journal before an event that depends on it; no transition. */
    public void journalAt(long first, long last) {
        firstSequence = first;
        lastSequence = last;
    }

    /**
     * Takes an event.
     *
     * @return what is to be done, in order; the list is the caller's
     */
    public List<Action> on(Event event) {
        actions.clear();
        if (event instanceof Event.PeerReady ready) {
            onPeerReady(ready);
        } else if (event instanceof Event.PeerLost) {
            onPeerLost();
        } else if (event instanceof Event.WritesSeen seen) {
            onWritesSeen(seen.compare());
        } else if (event instanceof Event.WritesUnseen unseen) {
            onWritesUnseen(unseen.reason());
        } else if (event instanceof Event.CaptureBroke broke) {
            onCaptureBroke(broke.reason());
        } else if (event instanceof Event.JournalReplaced) {
            onJournalReplaced();
        } else if (event instanceof Event.Durable durable) {
            onDurable(durable.sequence());
        } else if (event instanceof Event.ResyncReady ready) {
            onResyncReady(ready.resyncId());
        } else if (event instanceof Event.EpochStarted started) {
            onEpochStarted(started);
        } else if (event instanceof Event.ResyncEnded ended) {
            endSequence = ended.endSequence();
        } else if (event instanceof Event.CopyDone) {
            onCopyDone();
        } else if (event instanceof Event.FullCheckNeeded needed) {
            restartWithFullCheck(needed.reason());
        }
        return List.copyOf(actions);
    }

    private void onPeerReady(Event.PeerReady ready) {
        peerReady = true;
        peerDurable = ready.durableSequence();
        peerEpoch = ready.epoch();
        peerResyncId = ready.resyncId();
        if (!canResume()) {
            restartWithFullCheck("the DR side does not hold what was sent before");
            return;
        }
        switch (phase) {
            case WAITING, DRAINING -> {
                phase = Phase.DRAINING;
                if (resumeSequence() <= lastSequence + 1) {
                    actions.add(new Action.SendFrom(resumeSequence()));
                } // else the DR side has more than a power loss left here: nothing is to be drained
                startEpochWhenDrained();
            }
            case STARTING, COPYING -> {
                if (resumeSequence() <= lastSequence + 1) {
                    actions.add(new Action.SendFrom(resumeSequence()));
                } // else the begin comes after it: it is sent once it stands in the journal
                boolean known = ready.resyncId() == resyncId && peerEpoch == epoch;
                if (known && ready.resyncReady()) {
                    phase = Phase.COPYING;
                    actions.add(new Action.StartCopy(resyncId, compare));
                } else {
                    phase = Phase.STARTING;
                }
            }
            case ENDING, STEADY -> actions.add(new Action.SendFrom(resumeSequence()));
        }
    }

    /**
     * The DR side can go on when the record after its newest one is still here. A begin that it has not seen may also
     * come after a gap when everything is compared from there on.
     */
    private boolean canResume() {
        if (epoch == 0) {
            return true; // nothing was ever sent; what a former life sent is covered by the full check to come
        }
        if (peerEpoch < epoch && epochBegin > 0 && peerDurable >= epochBegin) {
            return false; // the number of the begin is taken there, by what it gave up or by what we lost
        }
        boolean starting = phase == Phase.STARTING && peerEpoch < epoch;
        if (peerEpoch > epoch || (peerEpoch == 0 && !starting)) {
            return false; // another history, or one that the DR side does not trust any more
        }
        if (gapCovered && beginSequence == 0 && phase != Phase.STARTING) {
            lastSequence = Math.min(lastSequence, peerDurable);
            return true;
        }
        boolean retained = peerDurable + 1 >= firstSequence && peerDurable <= lastSequence;
        return (retained && peerEpoch > 0) || (starting && (compare || (gapCovered && peerEpoch > 0)));
    }

    private long resumeSequence() {
        return Math.max(peerDurable + 1, firstSequence);
    }

    private void onPeerLost() {
        peerReady = false;
        actions.add(new Action.StopSending());
        switch (phase) {
            case DRAINING -> phase = Phase.WAITING;
            case STARTING, COPYING -> actions.add(new Action.StopCopy());
            case WAITING, ENDING, STEADY -> {}
        }
    }

    private void onWritesSeen(boolean compareMarked) {
        compare |= compareMarked;
        writesSeen = true;
        startEpochWhenDrained();
    }

    private void onWritesUnseen(String reason) {
        writesSeen = false;
        if (phase == Phase.WAITING || phase == Phase.DRAINING) {
            return;
        }
        if (phase == Phase.STARTING && beginSequence == 0) {
            brokenMeanwhile = Optional.of(reason); // writes go to the journal once it has begun: stopped only then
            return;
        }
        actions.add(new Action.StopCapture(reason));
        onCaptureBroke(reason);
    }

    private void onCaptureBroke(String reason) {
        if (phase == Phase.WAITING || phase == Phase.DRAINING) {
            capturing = false;
            return;
        }
        capturing = false;
        if (phase == Phase.STARTING || phase == Phase.COPYING) {
            actions.add(new Action.StopCopy());
        }
        phase = peerReady ? Phase.DRAINING : Phase.WAITING;
        actions.add(new Action.Announce(state(), reason));
        startEpochWhenDrained();
    }

    private void onJournalReplaced() {
        if (phase == Phase.STARTING || phase == Phase.COPYING) {
            actions.add(new Action.StopCopy());
        }
        capturing = false;
        gapCovered = true;
        beginSequence = 0;
        phase = peerReady ? Phase.DRAINING : Phase.WAITING;
        actions.add(new Action.Announce(state(), "the journal was replaced; what it may have lost is copied"));
    }

    private void onDurable(long sequence) {
        peerDurable = Math.max(peerDurable, sequence);
        if (peerEpoch < epoch && beginSequence > 0 && peerDurable >= beginSequence) {
            peerEpoch = epoch;
        }
        if (phase == Phase.DRAINING) {
            startEpochWhenDrained();
        } else if (phase == Phase.ENDING && endSequence > 0 && peerDurable >= endSequence) {
            phase = Phase.STEADY;
            compare = false;
            actions.add(new Action.Announce(state(), "every write is queued in order"));
        }
    }

    private void startEpochWhenDrained() {
        boolean gapMarked = gapCovered && beginSequence == 0; // the journal is empty, and its gap is marked
        // what is not retained can't be drained: it was dropped, and is covered by the marks
        boolean drained = peerDurable >= lastSequence || firstSequence > lastSequence || gapMarked;
        if (phase != Phase.DRAINING || !peerReady || !drained || !writesSeen) {
            return;
        }
        phase = Phase.STARTING;
        brokenMeanwhile = Optional.empty();
        epoch = Math.max(epoch, peerEpoch) + 1;
        // a power loss may have taken our newest number, while the DR side has seen it
        resyncId = Math.max(resyncId, peerResyncId) + 1;
        beginSequence = 0;
        epochBegin = 0;
        endSequence = 0;
        actions.add(new Action.StartEpoch(epoch, resyncId, compare, peerDurable + 1));
    }

    private void onEpochStarted(Event.EpochStarted started) {
        if (phase != Phase.STARTING || started.epoch() != epoch) {
            if (phase == Phase.WAITING || phase == Phase.DRAINING) {
                actions.add(new Action.StopCapture("an epoch began that is not wanted any more"));
            }
            return;
        }
        capturing = true;
        beginSequence = started.beginSequence();
        epochBegin = beginSequence;
        lastSequence = Math.max(lastSequence, beginSequence);
        firstSequence = beginSequence;
        actions.add(new Action.Announce(state(), compare ? "both sites are compared" : "changed blocks are copied"));
        if (peerReady) {
            actions.add(new Action.SendFrom(beginSequence));
        }
        if (brokenMeanwhile.isPresent()) {
            actions.add(new Action.StopCapture(brokenMeanwhile.get()));
            onCaptureBroke(brokenMeanwhile.get());
        }
    }

    private void onResyncReady(long id) {
        if (phase == Phase.STARTING && id == resyncId && peerReady) {
            phase = Phase.COPYING;
            gapCovered = false;
            actions.add(new Action.StartCopy(resyncId, compare));
        }
    }

    private void onCopyDone() {
        if (phase == Phase.COPYING) {
            phase = Phase.ENDING;
            endSequence = 0;
            actions.add(new Action.EndResync(resyncId, compare));
        }
    }

    private void restartWithFullCheck(String reason) {
        if (phase == Phase.STARTING || phase == Phase.COPYING) {
            actions.add(new Action.StopCopy());
        }
        capturing = false;
        compare = true;
        phase = peerReady ? Phase.DRAINING : Phase.WAITING;
        actions.add(new Action.StopCapture(reason));
        actions.add(new Action.StopSending());
        actions.add(new Action.MarkAll());
        actions.add(new Action.DropJournal());
        actions.add(new Action.Announce(state(), reason));
        // Nothing is retained any more, so nothing is left to drain.
        lastSequence = Math.min(lastSequence, peerDurable);
        firstSequence = lastSequence + 1;
        startEpochWhenDrained();
    }
}
