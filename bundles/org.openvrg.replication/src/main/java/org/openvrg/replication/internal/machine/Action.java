package org.openvrg.replication.internal.machine;

import org.openvrg.api.model.ProtectionState;

/** What the machine wants done; carried out in the order given, before the next event. */
public sealed interface Action {
    /** Let writes mark the bitmap only, from the next one on. */
    record StopCapture(String reason) implements Action {}

    /** Mark every block of every volume. */
    record MarkAll() implements Action {}

    /** Drop what the journal holds. */
    record DropJournal() implements Action {}

    /** Send the journal from a sequence on. */
    record SendFrom(long sequence) implements Action {}

    /** Send nothing more. */
    record StopSending() implements Action {}

    /**
     * Start to capture in a new epoch with the begin of a resync; answered by {@link Event.EpochStarted} or
     * {@link Event.CaptureBroke}.
     *
     * @param minimumSequence the begin's sequence is at least this
     */
    record StartEpoch(long epoch, long resyncId, boolean compare, long minimumSequence) implements Action {}

    /** Copy the marked blocks; answered by {@link Event.CopyDone}. */
    record StartCopy(long resyncId, boolean compare) implements Action {}

    /** Leave the copying; blocks not yet durable stay marked. */
    record StopCopy() implements Action {}

    /** Put the end of the resync into the journal; answered by {@link Event.ResyncEnded}. */
    record EndResync(long resyncId, boolean compare) implements Action {}

    /** Keep the new state and tell the DR side, the operator and the alarm list. */
    record Announce(ProtectionState state, String detail) implements Action {}
}
