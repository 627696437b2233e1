package org.openvrg.replication.internal.production;

import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.openvrg.api.failure.VrgException;
import org.openvrg.replication.internal.Workers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts another journal in the place of one that failed, without the guest noticing: its writes mark the bitmap
 * meanwhile. Waits for the disk on a thread of its own, one at a time.
 */
final class JournalReplacement {
    private static final Logger LOG = LoggerFactory.getLogger(JournalReplacement.class);

    private final UUID vmUuid;
    private final VmFiles files;
    private final Ingest ingest;
    private final Workers workers;
    private final Executor actor;
    private final Host host;
    private final AtomicBoolean planned = new AtomicBoolean();
    private boolean underWay;

    /** The VM; called by its actor, but for {@link #durableSequence} and {@link #begins}. */
    interface Host {
        /** The journal has failed, and writes are marked from now on. */
        void begins();

        /** Nobody may read the journal any more. */
        void letGo();

        /** There is a journal again. */
        void replaced();

        /** Up to where the DR side is durable. */
        long durableSequence();
    }

    JournalReplacement(UUID vmUuid, VmFiles files, Ingest ingest, Workers workers, Executor actor, Host host) {
        this.vmUuid = vmUuid;
        this.files = files;
        this.ingest = ingest;
        this.workers = workers;
        this.actor = actor;
        this.host = host;
    }

    /** Begins if the journal has failed and nothing is under way; any thread, returns at once. */
    void start() {
        if (!files.journalFailed() || !planned.compareAndSet(false, true)) {
            return;
        }
        host.begins();
        ingest.stopCapture();
        workers.sync().execute(this::probe);
    }

    /** Whether the journal may not be read now; for the actor. */
    boolean underWay() {
        return underWay;
    }

    private void probe() {
        try {
            files.probe();
        } catch (VrgException e) {
            failed(e);
            return;
        }
        actor.execute(() -> {
            underWay = true;
            host.letGo();
            workers.sync().execute(this::replace);
        });
    }

    private void replace() {
        try {
            files.replaceJournal(host.durableSequence());
            LOG.info("VM {} has a journal again", vmUuid);
            actor.execute(() -> {
                underWay = false;
                host.replaced();
            });
            planned.set(false);
        } catch (VrgException e) {
            failed(e);
        }
    }

    private void failed(VrgException failure) {
        LOG.warn("VM {}: the journal can't be replaced yet: {}", vmUuid, failure.getMessage());
        planned.set(false);
    }
}
