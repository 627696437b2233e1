package org.openvrg.replication.internal.production;

import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.openvrg.api.failure.JournalException;
import org.openvrg.replication.internal.SerialExecutor;
import org.openvrg.replication.internal.Workers;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;

/**
 * What goes to the DR side: records of the journal and blocks of a resync, frame by frame in turns, while the lane has
 * room. Confined to the VM's actor, but for {@link #plan} and the figures.
 */
final class Outbound {
    /** What it needs of its VM. */
    interface Host {
        /** The journal can't be sent. */
        void journalDamaged(String reason);

        /** No block of the resync is left. */
        void copyDone();
    }

    private final SerialExecutor actor;
    private final Attachment peer;
    private final BooleanSupplier compress;
    private final Host host;
    private final StreamSender sender;
    private final ResyncCopier copier;
    private final AtomicBoolean planned = new AtomicBoolean();

    Outbound(
            UUID vmUuid,
            VmFiles files,
            Ingest ingest,
            Workers workers,
            SerialExecutor actor,
            Attachment peer,
            BooleanSupplier compress,
            Host host) {
        this.actor = actor;
        this.peer = peer;
        this.compress = compress;
        this.host = host;
        this.sender = new StreamSender(vmUuid, files);
        this.copier = new ResyncCopier(
                vmUuid, files.volumes(), ingest, actor, workers.read(), workers.readBudget(), new CopyHost());
    }

    /** The copy of a resync. */
    ResyncCopier copier() {
        return copier;
    }

    /** Bytes of the journal that were sent, packed; any thread. */
    long sentBytes() {
        return sender.sentBytes();
    }

    /** Sends the journal from a sequence on. */
    void sendFrom(long sequence) {
        try {
            sender.start(sequence);
        } catch (JournalException e) {
            host.journalDamaged(e.getMessage());
        }
    }

    /** Sends nothing more of the journal. */
    void stopSending() {
        sender.stop();
    }

    /** Sends nothing more. */
    void stop() {
        copier.stop();
        sender.stop();
    }

    /** There may be something to send; any thread. */
    void plan() {
        if (planned.compareAndSet(false, true)) {
            actor.execute(this::pump);
        }
    }

    /** Sends what the lane has room for. */
    void pump() {
        planned.set(false);
        Optional<Lane> ready = peer.ready();
        if (ready.isEmpty()) {
            return;
        }
        Lane open = ready.get();
        try {
            boolean more = true;
            while (more && open.isOpen() && open.isWritable()) {
                Optional<Message> blocks = copier.nextFrame(compress.getAsBoolean());
                blocks.ifPresent(open::send);
                Optional<Message> records = sender.next(compress.getAsBoolean());
                records.ifPresent(open::send);
                more = blocks.isPresent() || records.isPresent();
            }
        } catch (JournalException e) {
            sender.stop();
            host.journalDamaged(e.getMessage());
        }
    }

    private final class CopyHost implements ResyncCopier.Host {
        @Override
        public void send(Message message) {
            peer.send(message);
        }

        @Override
        public void framesReady() {
            plan();
        }

        @Override
        public void copyDone() {
            host.copyDone();
        }

        @Override
        public long sentSequence() {
            return sender.sentSequence();
        }
    }
}
