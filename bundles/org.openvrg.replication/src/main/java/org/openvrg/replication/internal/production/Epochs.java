package org.openvrg.replication.internal.production;

import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.replication.internal.SerialExecutor;
import org.openvrg.replication.internal.Workers;
import org.openvrg.replication.internal.machine.Action;
import org.openvrg.replication.internal.machine.Event;

/**
 * Begins the epochs of a VM, one after the other, on threads that may wait for the disk. Called by the VM's actor.
 */
final class Epochs {
    /** Pause before an epoch is tried again that the journal refused. */
    private static final long EPOCH_RETRY_MILLIS = 1_000;

    private final VmFiles files;
    private final Ingest ingest;
    private final Workers workers;
    private final Executor actor;
    private final Host host;
    /** In order: each waits for the disk. */
    private final SerialExecutor begins;

    /** The VM. */
    interface Host {
        /** Takes an event to the machine; any thread. */
        void happened(Event event);

        /** The journal does not take the begin; called by the actor. */
        void refused(String reason);

        /** Whether the machine still waits for the epoch; called by the actor. */
        boolean isNewest(long epoch);

        /** Whether the VM is closed; any thread. */
        boolean closed();
    }

    Epochs(UUID vmUuid, VmFiles files, Ingest ingest, Workers workers, Executor actor, Host host) {
        this.files = files;
        this.ingest = ingest;
        this.workers = workers;
        this.actor = actor;
        this.host = host;
        this.begins = new SerialExecutor(workers.sync(), "the epochs of VM " + vmUuid);
    }

    /** Begins one; the host is told that it has begun, or that capture broke. */
    void start(Action.StartEpoch start) {
        ResyncMark mark =
                new ResyncMark(start.resyncId(), start.compare(), workers.time().epochMillis());
        Consumer<String> refused = reason -> {
            if (!host.closed()) {
                workers.timer().schedule(() -> refused(start, reason), EPOCH_RETRY_MILLIS, TimeUnit.MILLISECONDS);
            }
        };
        // all of it is durable at the DR side: the epoch gets the whole room; the disk may keep us waiting
        long upToIndex = files.journal().lastIndex();
        begins.execute(() -> {
            files.dropJournal(upToIndex);
            ingest.startEpoch(
                    start.epoch(),
                    mark,
                    start.minimumSequence(),
                    sequence -> host.happened(new Event.EpochStarted(start.epoch(), sequence)),
                    refused);
        });
    }

    /** Drops the begin that may stand in the journal all the same: nobody would ever take it from there. */
    private void refused(Action.StartEpoch start, String reason) {
        actor.execute(() -> {
            if (!isStarting(start)) {
                return;
            }
            long upToIndex = files.journal().lastIndex();
            begins.execute(() -> {
                files.dropJournal(upToIndex);
                actor.execute(() -> {
                    if (isStarting(start)) {
                        host.refused(reason);
                    }
                });
            });
        });
    }

    private boolean isStarting(Action.StartEpoch start) {
        return host.isNewest(start.epoch()) && !ingest.capturing();
    }
}
