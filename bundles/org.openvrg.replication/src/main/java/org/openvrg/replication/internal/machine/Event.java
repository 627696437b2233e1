package org.openvrg.replication.internal.machine;

/** What happens to a VM at the production side. */
public sealed interface Event {
    /**
     * The DR side is ready for the VM and told where it stands.
     *
     * @param epoch newest epoch it has seen, 0 when none
     * @param durableSequence newest durable record there
     * @param resyncId newest resync it has seen, 0 when none
     * @param resyncReady whether it is ready for that resync's blocks
     */
    record PeerReady(long epoch, long durableSequence, long resyncId, boolean resyncReady) implements Event {}

    /** The lane is gone, or the DR side can't take the VM now. */
    record PeerLost() implements Event {}

    /**
     * The exports are given every write of the guest from before this on; what passed them by is marked.
     *
     * @param compare whether nobody watched for a while, so that what is marked has to be compared
     */
    record WritesSeen(boolean compare) implements Event {}

    /** Writes of the guest may pass the exports by: the hypervisor does not mirror them now. */
    record WritesUnseen(String reason) implements Event {}

    /** Capture into the journal ended; writes have been marking the bitmap since. */
    record CaptureBroke(String reason) implements Event {}

    /**
     * A journal that had failed was replaced by an empty one while writes marked the bitmap; what it may have lost is
     * marked too. No peer is ready.
     */
    record JournalReplaced() implements Event {}

    /** The DR side is durable up to a sequence. */
    record Durable(long sequence) implements Event {}

    /** The DR side takes blocks of a resync. */
    record ResyncReady(long resyncId) implements Event {}

    /** An epoch was started as asked by {@link Action.StartEpoch}. */
    record EpochStarted(long epoch, long beginSequence) implements Event {}

    /** The end of the resync stands in the journal, as asked by {@link Action.EndResync}. */
    record ResyncEnded(long endSequence) implements Event {}

    /** Every block of the resync is equal or durable at the DR side. */
    record CopyDone() implements Event {}

    /** What the DR side has can't be trusted, or the volumes changed: compare everything. */
    record FullCheckNeeded(String reason) implements Event {}
}
