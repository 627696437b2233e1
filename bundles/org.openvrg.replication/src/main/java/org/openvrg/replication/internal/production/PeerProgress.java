package org.openvrg.replication.internal.production;

import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.journal.Journal;
import org.openvrg.wire.Message;

/** How far the DR side is, as it told last. Set by the VM's actor, read by any thread. */
final class PeerProgress {
    private volatile long durableSequence;
    private volatile long appliedSequence;
    private volatile long checkpointEpochMillis;

    /** The DR side told it while it was attached. */
    void told(Message.Durable durable) {
        durableSequence = Math.max(durableSequence, durable.durableSequence());
        appliedSequence = durable.appliedSequence();
        checkpointEpochMillis = durable.checkpointEpochMillis();
    }

    /** The DR side told it as it attached: the truth, even where it is less than before. */
    void told(Message.Position position) {
        durableSequence = position.durableSequence();
    }

    /** Up to here all is in its journal and survives a power loss. */
    long durableSequence() {
        return durableSequence;
    }

    /** Up to here all stands on the volumes, flushed or not. */
    long appliedSequence() {
        return appliedSequence;
    }

    /** The figures of a VM for reports. */
    VmReport.Progress report(
            ProtectionState state, Journal journal, Ingest ingest, Outbound outbound, long nowEpochMillis) {
        long last = journal.lastSequence();
        boolean queue = state == ProtectionState.INCREMENTAL_QUEUE;
        boolean current = queue && durableSequence >= last;
        long ageMillis = current ? 0 : Math.max(0, nowEpochMillis - checkpointEpochMillis);
        ResyncCopier copier = outbound.copier();
        return new VmReport.Progress(
                last,
                durableSequence,
                appliedSequence,
                journal.usedBytes(),
                journal.limitBytes(),
                queue ? 0 : copier.totalBytes(),
                queue ? 0 : copier.doneBytes(),
                copier.sentBytes(),
                ingest.capturedBytes(),
                outbound.sentBytes(),
                checkpointEpochMillis == 0 ? -1 : ageMillis);
    }
}
