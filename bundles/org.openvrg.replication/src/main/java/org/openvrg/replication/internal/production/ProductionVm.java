package org.openvrg.replication.internal.production;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.ResyncMark;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.AlarmService.Kind;
import org.openvrg.link.PeerLink;
import org.openvrg.replication.internal.SerialExecutor;
import org.openvrg.replication.internal.VmAlarms;
import org.openvrg.replication.internal.Workers;
import org.openvrg.replication.internal.machine.Action;
import org.openvrg.replication.internal.machine.Event;
import org.openvrg.replication.internal.machine.ProductionMachine;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A protected VM at the production side: carries out what its state machine wants, and sends journal and copied blocks
 * to the peer.
 *
 * <p>All but {@link Ingest} is confined to one actor; the public methods hand over to it and return at once.
 */
public final class ProductionVm implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ProductionVm.class);

    /** Records that may wait for the DR side while a VM counts as idle for the scrub. */
    private static final int IDLE_RECORDS = 256;

    /** Ticks between two rounds of trimming and of releasing the activity log. */
    private static final int TICKS_PER_TRIM = 4;

    private final UUID vmUuid;
    private final VmFiles files;
    private final Workers workers;
    private final Attachment attachment;
    private final ProductionPeer peer;
    private final VmAlarms alarms;
    private final SerialExecutor actor;
    private final Epochs epochs;
    private final JournalReplacement replacement;

    private final ProductionMachine machine;
    private final Ingest ingest;
    private final Outbound outbound;
    private final ResyncCopier copier;
    private final Scrubber scrubber;
    private final MirroredDisks mirrored;
    private final PeerProgress progress = new PeerProgress();

    private volatile boolean encrypt;
    private volatile boolean compress;
    private volatile ProtectionState state;
    private volatile boolean closed;
    private int ticks;

    /** Opens what the VM left behind, or starts anew. The volumes must stand as the journal has been redone into. */
    public ProductionVm(
            UUID vmUuid,
            VmFiles files,
            boolean encrypt,
            boolean compress,
            Workers workers,
            PeerLink link,
            AlarmService alarms,
            ScrubBudget scrubBudget) {
        this.vmUuid = vmUuid;
        this.files = files;
        this.encrypt = encrypt;
        this.compress = compress;
        this.workers = workers;
        this.attachment = new Attachment(vmUuid, link, workers.time()::nanoTime);
        this.alarms = new VmAlarms(alarms, vmUuid);
        this.actor = new SerialExecutor(workers.stream(), "VM " + vmUuid);
        this.machine = files.newMachine();
        this.state = machine.state();
        this.ingest = new Ingest(
                workers.ingest(),
                workers.sync(),
                workers.time()::nanoTime,
                RecordLog.of(
                        files::journal,
                        () -> this.alarms.raise(Kind.JOURNAL_FULL, "the journal of production is full")),
                files.mode(),
                machine.capturing(),
                new Ingest.Listener() {
                    @Override
                    public void appended() {
                        outbound.plan();
                    }

                    @Override
                    public void epochBegan() {
                        files.epochBegan();
                    }

                    @Override
                    public void captureBroke(String reason) {
                        LOG.warn("VM {} falls back to changed-block tracking: {}", vmUuid, reason);
                        on(new Event.CaptureBroke(reason));
                    }

                    @Override
                    public List<ProtectedVolume> volumes() {
                        return files.volumes();
                    }
                });
        this.epochs = new Epochs(vmUuid, files, ingest, workers, actor, new EpochHost());
        this.replacement = new JournalReplacement(vmUuid, files, ingest, workers, actor, new ReplacementHost());
        this.outbound = new Outbound(
                vmUuid, files, ingest, workers, actor, attachment, () -> this.compress, new OutboundHost());
        this.copier = outbound.copier();
        this.mirrored = new MirroredDisks(vmUuid, files.volumes(), ingest, workers, actor, event -> {
            dispatch(event);
            ingest.save(machine.saved()); // that it has to be compared
        });
        this.scrubber = new Scrubber(
                vmUuid,
                files.volumes(),
                files.scrub(),
                scrubBudget,
                actor,
                workers.read(),
                workers.sync(),
                workers.time()::epochMillis,
                new ScrubHost());
        this.peer = new ProductionPeer(vmUuid, files, machine, attachment, progress, copier, scrubber, new PeerHost());
        ingest.save(machine.saved());
        if (files.damagedAtOpen()) {
            this.alarms.raise(Kind.JOURNAL_FAILED, "journal or bitmaps were found damaged; everything is compared");
        }
        if (state == ProtectionState.INCREMENTAL_CBT) {
            this.alarms.raise(Kind.VM_FELL_TO_CBT, "changed blocks were only marked when the gateway stopped");
        }
    }

    /** What the exports write to. */
    Ingest ingest() {
        return ingest;
    }

    /** Its volumes. */
    List<ProtectedVolume> volumes() {
        return files.volumes();
    }

    /** Its disks that a hypervisor mirrors. */
    public MirroredDisks mirrored() {
        return mirrored;
    }

    /** New options for the way to the peer. */
    public void options(boolean newEncrypt, boolean newCompress) {
        boolean laneChanges = encrypt != newEncrypt;
        encrypt = newEncrypt;
        compress = newCompress;
        if (laneChanges) {
            actor.execute(() -> {
                peer.leaveLane();
                peer.connect();
            });
        }
    }

    /** A message of the peer about this VM. */
    public void received(Lane from, Message.OfVm message) {
        actor.execute(() -> {
            if (peer.received(from, message)) {
                outbound.pump();
            }
        });
    }

    /** A lane ended. */
    public void laneClosed(Lane gone) {
        actor.execute(() -> peer.laneClosed(gone));
    }

    /** Lanes came up. */
    public void lanesChanged() {
        actor.execute(peer::connect);
    }

    /** A lane has room. */
    public void laneWritable() {
        outbound.plan();
    }

    /** Once in a while: attach again, put a checkpoint, trim. */
    public void tick(long epochMillis) {
        ingest.checkpoint(epochMillis);
        actor.execute(() -> {
            peer.connect();
            copier.retry();
            scrubber.tick();
            outbound.plan();
            tellAlarms();
            if (++ticks % TICKS_PER_TRIM == 0) {
                tidy();
            }
        });
    }

    private void tellAlarms() {
        if (!closed) {
            alarms.journalUsed(files.journal().usedBytes(), files.journal().limitBytes());
            alarms.produces(state, journalFailed());
        }
    }

    /** Looks for a write that the journal keeps too long. */
    public void watch(long boundNanos) {
        ingest.watch(boundNanos);
    }

    /** Puts another journal in the place of one that failed, see {@link JournalReplacement}. */
    public void replaceFailedJournal() {
        replacement.start();
    }

    /** From any thread. */
    private void on(Event event) {
        actor.execute(() -> {
            dispatch(event);
            outbound.pump();
        });
    }

    private void dispatch(Event event) {
        machine.journalAt(files.firstSequence(), files.journal().lastSequence());
        List<Action> actions = machine.on(event);
        state = machine.state();
        for (Action action : actions) {
            perform(action);
        }
        if (!actions.isEmpty()) {
            ingest.save(machine.saved());
        }
    }

    private void perform(Action action) {
        if (action instanceof Action.StopCapture stop) {
            LOG.warn("VM {} stops its queue: {}", vmUuid, stop.reason());
            ingest.stopCapture();
        } else if (action instanceof Action.MarkAll) {
            copier.newResync();
            files.volumes().forEach(volume -> volume.dirty.markAll());
        } else if (action instanceof Action.DropJournal) {
            files.dropJournal(files.journal().lastIndex());
        } else if (action instanceof Action.SendFrom from) {
            outbound.sendFrom(from.sequence());
        } else if (action instanceof Action.StopSending) {
            outbound.stopSending();
            scrubber.leave();
        } else if (action instanceof Action.StartEpoch start) {
            scrubber.leave();
            copier.newResync();
            epochs.start(start);
        } else if (action instanceof Action.StartCopy copy) {
            copier.start(copy.resyncId(), copy.compare());
        } else if (action instanceof Action.StopCopy) {
            copier.stop();
        } else if (action instanceof Action.EndResync end) {
            endResync(end);
        } else if (action instanceof Action.Announce announce) {
            announce(announce);
        }
    }

    private void journalDamaged(String reason) {
        LOG.error("VM {}: the journal can't be sent: {}", vmUuid, reason);
        alarms.raise(Kind.JOURNAL_FAILED, reason);
        on(new Event.FullCheckNeeded(reason));
    }

    private void endResync(Action.EndResync end) {
        ResyncMark mark =
                new ResyncMark(end.resyncId(), end.compare(), workers.time().epochMillis());
        ingest.mark(
                sequence -> StreamRecord.resync(sequence, false, mark),
                sequence -> on(new Event.ResyncEnded(sequence)));
    }

    private void announce(Action.Announce announce) {
        LOG.info("VM {} is in state {}: {}", vmUuid, announce.state().number(), announce.detail());
        peer.detail(announce.detail());
        if (announce.state() == ProtectionState.INCREMENTAL_QUEUE) {
            alarms.clear(Kind.SCRUB_DIFFERENCE);
        } else if (announce.state() == ProtectionState.INCREMENTAL_CBT) {
            alarms.raise(Kind.VM_FELL_TO_CBT, announce.detail());
        }
        attachment.ready().ifPresent(lane -> lane.send(new Message.StateChange(vmUuid, announce.state())));
    }

    private void tidy() {
        long safe = progress.durableSequence();
        boolean steady = machine.phase() == ProductionMachine.Phase.STEADY;
        long standing =
                ingest.capturing() ? files.mode().redoMark() : files.journal().lastSequence();
        workers.sync().execute(() -> {
            try {
                files.tidy(Math.min(safe, standing), steady);
            } catch (VrgException e) {
                LOG.warn("VM {}: the journal can't be trimmed: {}", vmUuid, e.getMessage());
            }
        });
    }

    /**
     * Waits until all that was answered to the guest is durable at the DR side.
     *
     * @return completes with true once that is so; whoever waits no more cancels it
     */
    public CompletableFuture<Boolean> drained() {
        CompletableFuture<Boolean> result = new CompletableFuture<>();
        actor.execute(() -> awaitDrained(result));
        return result;
    }

    private void awaitDrained(CompletableFuture<Boolean> result) {
        if (result.isDone() || closed) {
            return;
        }
        if (machine.phase() == ProductionMachine.Phase.STEADY
                && ingest.capturing()
                && progress.durableSequence() >= files.journal().lastSequence()) {
            result.complete(true);
            return;
        }
        workers.timer().schedule(() -> actor.execute(() -> awaitDrained(result)), 20, TimeUnit.MILLISECONDS);
    }

    /** Tells the DR side that the VM is not protected any more, and removes all that is kept about it. */
    public void remove() throws VrgException {
        actor.execute(() -> attachment.send(new Message.Detach(vmUuid, "protection was removed")));
        close();
        files.delete();
    }

    /** Stops; journal, bitmaps and mode stay for the next start. */
    @Override
    public void close() throws VrgException {
        closed = true;
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        actor.execute(() -> {
            outbound.stop();
            scrubber.leave();
            attachment.leave();
            stopped.complete(null);
        });
        workers.time().awaitDone(stopped, 5, TimeUnit.SECONDS);
        files.close();
    }

    /** Whether the journal takes nothing more before it is opened anew. */
    public boolean journalFailed() {
        return files.journalFailed();
    }

    /** The contract's state. */
    public ProtectionState state() {
        return state;
    }

    /** Whether the DR side has the VM attached. */
    public boolean attached() {
        return attachment.attached();
    }

    /** What the VM does or waits for, for people. */
    public String detail() {
        String unseen = mirrored.unseenWrites();
        return unseen.isEmpty() ? peer.detail() : unseen;
    }

    /** Figures for reports. */
    public VmReport.Progress progress(long nowEpochMillis) {
        return progress.report(state, files.journal(), ingest, outbound, nowEpochMillis);
    }

    /** How far the scrub is. */
    public VmReport.Scrub scrub() {
        return scrubber.report();
    }

    private final class PeerHost implements ProductionPeer.Host {
        @Override
        public void dispatch(Event event) {
            ProductionVm.this.dispatch(event);
        }

        @Override
        public boolean mayAttach() {
            return !closed && !replacement.underWay();
        }

        @Override
        public boolean encrypted() {
            return encrypt;
        }
    }

    private final class EpochHost implements Epochs.Host {
        @Override
        public void happened(Event event) {
            on(event);
        }

        @Override
        public void refused(String reason) {
            dispatch(new Event.CaptureBroke(reason));
        }

        @Override
        public boolean isNewest(long epoch) {
            return !closed && machine.epoch() == epoch;
        }

        @Override
        public boolean closed() {
            return closed;
        }
    }

    private final class ReplacementHost implements JournalReplacement.Host {
        @Override
        public void begins() {
            alarms.raise(Kind.JOURNAL_FAILED, "the journal failed; writes are marked until its disk is well again");
        }

        @Override
        public void letGo() {
            outbound.stopSending();
            scrubber.leave();
            peer.leaveLane();
        }

        @Override
        public void replaced() {
            dispatch(new Event.JournalReplaced());
            peer.connect();
        }

        @Override
        public long durableSequence() {
            return progress.durableSequence();
        }
    }

    private final class ScrubHost implements Scrubber.Host {
        @Override
        public boolean inQueue() {
            return machine.phase() == ProductionMachine.Phase.STEADY && ingest.capturing() && attachment.attached();
        }

        @Override
        public boolean idle() {
            return lastSequence() - progress.durableSequence() < IDLE_RECORDS;
        }

        @Override
        public long lastSequence() {
            return files.journal().lastSequence();
        }

        @Override
        public long appliedSequence() {
            return progress.appliedSequence();
        }

        @Override
        public void send(Message message) {
            attachment.send(message);
        }

        @Override
        public void differs(ProtectedVolume volume, List<Long> blocks) {
            String text = blocks.size() + " blocks of volume " + volume.id + " differ from their standby";
            LOG.error("VM {}: {}, the first is {}; they are copied", vmUuid, text, blocks.get(0));
            alarms.raise(Kind.SCRUB_DIFFERENCE, text);
            ingest.stopCapture(); // marks may only appear while writes mark, too
            long blockBytes = volume.dirty.blockBytes();
            blocks.forEach(block -> volume.dirty.mark(block * blockBytes, blockBytes));
            on(new Event.CaptureBroke(text));
        }
    }

    private final class OutboundHost implements Outbound.Host {
        @Override
        public void journalDamaged(String reason) {
            ProductionVm.this.journalDamaged(reason);
        }

        @Override
        public void copyDone() {
            on(new Event.CopyDone());
        }
    }
}
