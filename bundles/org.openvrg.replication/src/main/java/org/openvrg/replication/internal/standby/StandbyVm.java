package org.openvrg.replication.internal.standby;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.AlarmService.Kind;
import org.openvrg.replication.internal.SerialExecutor;
import org.openvrg.replication.internal.VmAlarms;
import org.openvrg.replication.internal.Workers;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A protected VM at the DR side: the peer's stream goes into the journal, is made durable and acknowledged, and is
 * carried to the writeagent. Confined to one actor; the public methods hand over to it and return at once.
 */
public final class StandbyVm implements AutoCloseable, Agents.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(StandbyVm.class);

    /** Bytes that may wait for the actor before the lane is read no more. */
    private static final long HIGH_WATER_BYTES = 16L * 1024 * 1024;

    private static final long LOW_WATER_BYTES = 4L * 1024 * 1024;

    private final UUID vmUuid;
    private final Path directory;
    private final Workers workers;
    private final Agents agents;
    private final VmAlarms alarms;
    private final SerialExecutor actor;
    private final StandbyJournal store;
    private final Applier applier;
    private final AtomicLong queuedBytes = new AtomicLong();
    private final StandbyPeer peer;
    private final VolumeRelease release;

    private volatile VmStrategy.Standby strategy;
    private volatile ProtectionState state;
    private boolean syncing;
    private boolean syncAgain;
    private boolean stopped;
    private volatile boolean refusing;

    /** Opens what the VM left behind, or starts anew, and joins its agent. */
    public StandbyVm(
            VmStrategy.Standby strategy,
            StandbySettings settings,
            long generation,
            Workers workers,
            Agents agents,
            AlarmService alarms)
            throws JournalException {
        this.vmUuid = strategy.vmUuid();
        this.strategy = strategy;
        this.directory = settings.directory().resolve(vmUuid.toString());
        this.workers = workers;
        this.agents = agents;
        this.alarms = new VmAlarms(alarms, vmUuid);
        this.actor = new SerialExecutor(workers.stream(), "VM " + vmUuid);
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the folder of a VM can't be made", e);
        }
        this.store = StandbyJournal.open(directory, settings.segmentBytes(), settings.journalLimitBytes(), generation);
        this.state = store.state().contractState();
        this.applier = new Applier(vmUuid, settings.owner(), store, strategy, this.alarms, new ApplierHost());
        this.peer = new StandbyPeer(vmUuid, store, applier, new PeerHost());
        this.release = new VolumeRelease(vmUuid);
        if (store.damagedAtOpen()) {
            tellDamage("the DR journal was found damaged");
        }
        join(strategy);
    }

    private void join(VmStrategy.Standby at) {
        agents.join(address(at), at.agentPort(), vmUuid, this);
    }

    private static InetAddress address(VmStrategy.Standby strategy) {
        try {
            return InetAddress.getByName(strategy.agentIp()); // an IP literal: checked when it was accepted
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("the agent's address must be an IP literal", e);
        }
    }

    /** New settings. */
    public void strategy(VmStrategy.Standby next) {
        VmStrategy.Standby before = strategy;
        strategy = next;
        actor.execute(() -> {
            applier.strategy(next);
            if (!before.agentIp().equals(next.agentIp()) || before.agentPort() != next.agentPort()) {
                agents.leave(address(before), before.agentPort(), vmUuid);
                applier.leaveAgent("the agent's address changed");
                join(next);
            }
            peer.letGo("the volumes may have changed");
        });
    }

    @Override
    public void agentUp(Lane lane) {
        actor.execute(() -> applier.agentUp(lane));
    }

    @Override
    public void agentDown(String reason) {
        actor.execute(() -> applier.agentDown(reason));
    }

    @Override
    public void agentWritable() {
        actor.execute(() -> guarded(applier::pump));
    }

    @Override
    public void agentSent(Message.OfVm message) {
        actor.execute(() -> guarded(() -> {
            if (message instanceof Message.HashReply reply) {
                peer.forward(reply);
            } else if (message instanceof Message.VolumeClosed closed) {
                release.closed(closed);
            } else if (!applier.received(message)) {
                LOG.warn(
                        "The writeagent sent an unexpected {}",
                        message.getClass().getSimpleName());
            }
        }));
    }

    /** A message of the peer about this VM. */
    public void received(Lane lane, Message.OfVm message) {
        long bytes = message instanceof Message.Data data
                ? data.batch().rawBytes()
                : message instanceof Message.ResyncData blocks ? blocks.batch().rawBytes() : 0;
        if (queuedBytes.addAndGet(bytes) > HIGH_WATER_BYTES) {
            lane.setReading(false);
        }
        actor.execute(() -> {
            try {
                guarded(() -> peer.handle(lane, message));
            } finally {
                if (queuedBytes.addAndGet(-bytes) <= LOW_WATER_BYTES && bytes > 0) {
                    lane.setReading(true);
                }
            }
        });
    }

    private interface Step {
        void run() throws VrgException;
    }

    /** Runs a step of the actor; a failure of the journal or of the peer's bytes lets the peer go. */
    private void guarded(Step step) {
        try {
            step.run();
        } catch (LinkException e) {
            LOG.warn("VM {}: the peer sent what can't be read: {}", vmUuid, e.getMessage());
            peer.malformed();
        } catch (JournalException e) {
            onJournalFailure(e);
        } catch (VrgException e) {
            LOG.error("VM {}: {}", vmUuid, e.getMessage());
        }
    }

    private void onJournalFailure(JournalException e) {
        if (e.kind() == JournalException.Kind.DAMAGED) {
            onDamage(e);
            return;
        }
        boolean full = e.kind() == JournalException.Kind.FULL;
        String reason = full ? "the DR journal is full" : "the DR journal failed";
        alarms.raise(full ? Kind.JOURNAL_FULL : Kind.JOURNAL_FAILED, reason + ": " + e.getMessage());
        LOG.warn("VM {}: {}", vmUuid, e.getMessage());
        if (full && peer.letGoAfterSync(reason)) {
            planSync();
        } else {
            peer.letGo(reason);
        }
    }

    /** Nothing behind the damage may be applied: the copy stays as it is, and production compares everything. */
    private void onDamage(JournalException damage) {
        LOG.error("VM {}: {}; a full check follows", vmUuid, damage.getMessage());
        tellDamage(damage.getMessage());
        peer.letGo("the DR journal is damaged");
        try {
            store.distrust(workers.time().epochMillis());
            peer.reset();
            applier.restart();
        } catch (JournalException e) {
            LOG.error("VM {}: the DR journal can't be given up: {}", vmUuid, e.getMessage());
        }
    }

    /** There is nothing to fail over to before everything is compared. */
    private void onVolumeLost(VolumeId volume) throws JournalException {
        String what = "standby volume " + volume
                + " is not the one that was written before, was made anew, or lacks writes that were not flushed in time";
        LOG.error("VM {}: {}; a full check follows", vmUuid, what);
        alarms.raise(Kind.NO_CONSISTENT_COPY, what + "; there is no consistent copy until the full check has ended");
        peer.letGo(what);
        store.volumeLost(workers.time().epochMillis());
        peer.reset();
        applier.restart();
        progressed();
    }

    private void tellDamage(String damage) {
        alarms.raise(Kind.JOURNAL_FAILED, damage);
        if (!store.state().consistent()) {
            alarms.raise(
                    Kind.NO_CONSISTENT_COPY,
                    "the DR journal is damaged; there is no consistent copy until the full check has ended");
        }
    }

    private void inPlace(String why) throws JournalException {
        store.applyInPlace();
        alarms.raise(Kind.NO_CONSISTENT_COPY, "there is no consistent copy until the resync ends: " + why);
    }

    private void planSync() {
        if (syncing) {
            syncAgain = true;
            return;
        }
        syncing = true;
        StandbyJournal.Point point = store.point();
        workers.sync().execute(() -> {
            Optional<JournalException> failure = Optional.empty();
            try {
                store.sync();
            } catch (JournalException e) {
                failure = Optional.of(e);
            }
            Optional<JournalException> outcome = failure;
            actor.execute(() -> guarded(() -> synced(point, outcome)));
        });
    }

    private void synced(StandbyJournal.Point point, Optional<JournalException> failure) throws JournalException {
        syncing = false;
        if (stopped) {
            return;
        }
        if (failure.isPresent()) {
            throw failure.get();
        }
        store.storeState();
        peer.synced(point, syncAgain);
        if (store.holdTooLarge()) {
            inPlace("the DR journal has no room to hold the resync back");
        }
        progressed();
        applier.pump();
        if (syncAgain) {
            syncAgain = false;
            planSync();
        }
    }

    /** Something was applied, flushed or opened. */
    private void progressed() {
        StandbyState now = store.state();
        state = now.contractState();
        boolean checked = now.consistent() && state != ProtectionState.CONSISTENCY_CHECK;
        alarms.standsBy(now.consistent(), checked && !journalFailed());
        peer.tellReady();
    }

    /** Once in a while. */
    public void tick() {
        actor.execute(() -> guarded(() -> {
            if (!stopped) {
                applier.tick();
                applier.pump();
                progressed();
                peer.tellDurable();
                alarms.journalUsed(store.journal().usedBytes(), store.journal().limitBytes());
            }
        }));
    }

    /** A lane ended. */
    public void laneClosed(Lane gone) {
        actor.execute(() -> peer.laneClosed(gone));
    }

    /** Takes nothing more from the peer: the beginning of a failover. Undone by {@link #resume}. */
    public void refuse() {
        refusing = true;
        actor.execute(() -> {
            peer.letGo("the DR side fails over");
            planSync();
        });
    }

    /** Takes from the peer again. */
    public void resume() {
        refusing = false;
    }

    /** Completes once all that may be applied stands, flushed, on the volumes; whoever waits no more cancels it. */
    public CompletableFuture<Void> drained() {
        CompletableFuture<Void> result = new CompletableFuture<>();
        actor.execute(() -> awaitDrained(result));
        return result;
    }

    private void awaitDrained(CompletableFuture<Void> result) {
        if (result.isDone() || stopped) {
            return;
        }
        if (!syncing && applier.drained()) {
            result.complete(null);
            return;
        }
        workers.timer().schedule(() -> actor.execute(() -> awaitDrained(result)), 20, TimeUnit.MILLISECONDS);
    }

    /**
     * Gives the volumes up.
     *
     * @return completes with whether all were released, exceptionally with nothing: a missing agent gives false
     */
    public CompletableFuture<Boolean> release() {
        CompletableFuture<Boolean> result = new CompletableFuture<>();
        actor.execute(() -> release.start(applier.lane(), strategy.volumes(), result));
        return result;
    }

    /** Removes all that is kept about the VM. */
    public void remove() throws VrgException {
        close();
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the files of a removed VM can't be deleted", e);
        }
    }

    @Override
    public void close() throws VrgException {
        agents.leave(address(strategy), strategy.agentPort(), vmUuid);
        CompletableFuture<Void> done = new CompletableFuture<>();
        actor.execute(() -> {
            stopped = true;
            peer.letGo("the DR side stops");
            applier.leaveAgent("the VM is closed");
            done.complete(null);
        });
        workers.time().awaitDone(done, 5, TimeUnit.SECONDS);
        store.close();
    }

    /** The contract's state. */
    public ProtectionState state() {
        return state;
    }

    /** Whether the journal takes nothing more before it is opened anew. */
    public boolean journalFailed() {
        return store.journal().failed();
    }

    /** The settings. */
    public VmStrategy.Standby strategy() {
        return strategy;
    }

    /** Bytes received and not yet applied, roughly: for messages to operators. */
    public long queuedEntries() {
        return store.journal().lastIndex() - applier.appliedIndex();
    }

    /** For reports. */
    public VmReport report(long nowEpochMillis) {
        StandbyJournal.Point point = peer.durable();
        String detail = applier.connected() ? peer.detail() : peer.detail() + "; " + applier.detail();
        VmReport.Progress progress = new VmReport.Progress(
                store.journal().lastSequence(),
                point.sequence(),
                applier.appliedSequence(),
                store.journal().usedBytes(),
                store.journal().limitBytes(),
                0,
                0,
                0,
                peer.receivedBytes(),
                peer.wireBytes(),
                point.checkpointEpochMillis() == 0 ? -1 : Math.max(0, nowEpochMillis - point.checkpointEpochMillis()));
        return new VmReport(
                vmUuid, state, false, applier.connected(), detail, applier.volumes(), progress, VmReport.Scrub.NONE);
    }

    private final class ApplierHost implements Applier.Host {
        @Override
        public void progressed() {
            StandbyVm.this.progressed();
        }

        @Override
        public void volumeLost(VolumeId volume) throws JournalException {
            onVolumeLost(volume);
        }
    }

    private final class PeerHost implements StandbyPeer.Host {
        @Override
        public Set<VolumeId> volumes() {
            return Set.copyOf(strategy.volumes());
        }

        @Override
        public boolean refusing() {
            return stopped || refusing;
        }

        @Override
        public void taken() {
            state = store.state().contractState();
            planSync();
        }

        @Override
        public void applyInPlace(String why) throws JournalException {
            inPlace(why);
        }
    }
}
