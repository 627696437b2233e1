package org.openvrg.replication.internal.standby;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.StandbyDisk;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.api.service.AlarmService.Kind;
import org.openvrg.journal.Journal;
import org.openvrg.replication.internal.VmAlarms;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;
import org.openvrg.wire.RecordBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries a VM's DR journal to its writeagent, in order, and trims what survives a power loss there. Only entries that
 * are durable in the journal are sent, so that the volumes never know more than the journal. Confined to the VM's
 * actor.
 */
final class Applier {
    private static final Logger LOG = LoggerFactory.getLogger(Applier.class);

    /** Raw bytes sent to the agent and not yet applied. */
    private static final long WINDOW_BYTES = 8L * 1024 * 1024;

    /** How long an agent may take to take the VM before that is an alarm. */
    private static final long AGENT_GRACE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private record Batch(long bytes, long lastSequence) {}

    private final UUID vmUuid;
    private final UUID owner;
    private final StandbyJournal store;
    private final VmAlarms alarms;
    private final Host host;

    private VmStrategy.Standby strategy;
    private Set<VolumeKey> keys;
    private Optional<Lane> lane = Optional.empty();
    private Optional<Journal.Cursor> cursor = Optional.empty();
    private Optional<Journal.Entry> waiting = Optional.empty();
    private final Map<VolumeId, Long> sizes = new HashMap<>();
    private final Map<VolumeId, VolumeStatus> statuses = new HashMap<>();
    private final TreeMap<Long, Batch> inFlight = new TreeMap<>();
    /** What the applier needs of its VM. */
    interface Host {
        /** Something was applied, flushed or opened. */
        void progressed();

        /** A volume that was open before is not what it was: another one, an empty one, or without some of its writes. */
        void volumeLost(VolumeId volume) throws JournalException;
    }

    /** Volumes that could not be written, and the entry that has to be applied before they count as well. */
    private final Map<VolumeId, Long> failedAt = new HashMap<>();

    /** Volumes that the agent was asked to open, how often, and has not answered yet. */
    private final Map<VolumeId, Integer> asked = new HashMap<>();

    /** Volumes that were open since the journal began: what is on them matters. */
    private final Set<VolumeId> opened = new HashSet<>();

    private long inFlightBytes;
    private OptionalLong position = OptionalLong.empty();
    private volatile long appliedIndex;
    private volatile long appliedSequence;
    private long flushedIndex;
    private boolean flushing;
    private volatile boolean connected;
    private long disconnectedNanos = System.nanoTime();
    private volatile String detail = "waiting for the writeagent";
    private volatile Map<VolumeId, VolumeStatus> report = Map.of();

    Applier(UUID vmUuid, UUID owner, StandbyJournal store, VmStrategy.Standby strategy, VmAlarms alarms, Host host) {
        this.vmUuid = vmUuid;
        this.owner = owner;
        this.store = store;
        this.strategy = strategy;
        this.keys = keys(strategy);
        this.alarms = alarms;
        this.host = host;
        if (store.journal().lastIndex() > 0) {
            opened.addAll(strategy.volumes()); // nothing comes before the volumes are open, or their sizes are known
        }
        publish();
    }

    long appliedIndex() {
        return appliedIndex;
    }

    long appliedSequence() {
        return appliedSequence;
    }

    long flushedIndex() {
        return flushedIndex;
    }

    boolean connected() {
        return connected;
    }

    String detail() {
        return detail;
    }

    Map<VolumeId, VolumeStatus> volumes() {
        return report;
    }

    Optional<Lane> lane() {
        return lane;
    }

    /** New settings: added volumes are opened, those that went are released, the others are told. */
    void strategy(VmStrategy.Standby next) {
        for (VolumeId volume : List.copyOf(strategy.volumes())) {
            if (!next.volumes().contains(volume)) {
                statuses.remove(volume);
                sizes.remove(volume);
                failedAt.remove(volume);
                opened.remove(volume);
                alarms.volumeWell(volume);
                lane.ifPresent(open -> open.send(new Message.CloseVolume(vmUuid, volume, true)));
            }
        }
        strategy = next;
        keys = keys(next);
        lane.ifPresent(open -> openVolumes(open));
        publish();
    }

    private static Set<VolumeKey> keys(VmStrategy.Standby strategy) {
        return strategy.volumes().stream().map(VolumeId::key).collect(Collectors.toUnmodifiableSet());
    }

    /** Production told the sizes. */
    void sizes(List<Message.VolumeInfo> volumes) {
        boolean changed = false;
        for (Message.VolumeInfo volume : volumes) {
            Long before = sizes.put(volume.volume(), volume.sizeBytes());
            changed |= before == null || before != volume.sizeBytes();
        }
        if (changed) {
            lane.ifPresent(open -> openVolumes(open));
        }
    }

    void agentUp(Lane open) {
        leaveAgent("connecting");
        lane = Optional.of(open);
        attach(open);
    }

    private void attach(Lane open) {
        open.send(new Message.AgentAttach(
                vmUuid, owner, store.state().generation(), store.journal().lastIndex()));
        openVolumes(open);
    }

    private void openVolumes(Lane open) {
        for (StandbyDisk disk : strategy.disks()) {
            statuses.putIfAbsent(disk.volume(), VolumeStatus.SETTING_UP);
            asked.merge(disk.volume(), 1, Integer::sum);
            open.send(new Message.OpenVolume(
                    vmUuid,
                    disk.volume(),
                    disk.volumeUrl(),
                    disk.dsUrn(),
                    disk.volType(),
                    disk.extParams(),
                    sizes.getOrDefault(disk.volume(), -1L)));
        }
    }

    /** The agent is gone. */
    void agentDown(String reason) {
        boolean lost = connected;
        leaveAgent(reason);
        if (lost) {
            alarms.raise(Kind.AGENT_LOST, detail);
        }
    }

    /** Lets the agent go, which is no fault. */
    void leaveAgent(String reason) {
        stop();
        lane = Optional.empty();
        position = OptionalLong.empty();
        flushing = false;
        statuses.clear();
        asked.clear();
        if (connected) {
            disconnectedNanos = System.nanoTime();
        }
        connected = false;
        detail = "no writeagent: " + reason;
        publish();
    }

    private void stop() {
        cursor.ifPresent(Journal.Cursor::close);
        cursor = Optional.empty();
        waiting = Optional.empty();
        inFlight.clear();
        inFlightBytes = 0;
    }

    /** Returns false when the message is not for the applier. */
    boolean received(Message.OfVm message) throws JournalException {
        if (message instanceof Message.AgentPosition at) {
            onPosition(at);
        } else if (message instanceof Message.VolumeState state) {
            onVolume(state);
        } else if (message instanceof Message.Applied applied) {
            onApplied(applied.index());
        } else if (message instanceof Message.Flushed flushed) {
            flushing = false;
            flushedIndex = Math.max(flushedIndex, Math.min(flushed.index(), appliedIndex));
            store.journal().trim(flushedIndex);
            host.progressed();
        } else if (message instanceof Message.ApplyFailed failed) {
            onFailed(failed);
        } else {
            return false;
        }
        return true;
    }

    private void onPosition(Message.AgentPosition at) throws JournalException {
        connected = true;
        detail = "attached to the writeagent";
        alarms.clear(Kind.AGENT_LOST);
        stop();
        flushing = false;
        flushedIndex = Math.max(
                flushedIndex, Math.min(at.flushedIndex(), store.journal().lastIndex()));
        position = OptionalLong.of(Math.max(at.appliedIndex(), store.journal().firstIndex() - 1));
        if (position.getAsLong() > store.journal().lastIndex()) {
            throw new JournalException(
                    JournalException.Kind.DAMAGED, "the volumes know entries that the journal does not have");
        }
        takePosition();
    }

    /** Where the agent is counts once all volumes are open: then it is known that they are those that were written. */
    private void takePosition() throws JournalException {
        if (!ready() || cursor.isPresent()) {
            return;
        }
        setApplied(position.getAsLong());
        store.journal().trim(Math.min(flushedIndex, appliedIndex)); // a crash may have come between flush and trim
        pump();
    }

    private void onVolume(Message.VolumeState state) throws JournalException {
        VolumeStatus before = statuses.put(state.volume(), state.status());
        boolean opens = state.status() == VolumeStatus.NORMAL && before != VolumeStatus.NORMAL;
        if (opens && !opened.add(state.volume()) && state.newlyOwned()) {
            host.volumeLost(state.volume());
            return;
        }
        int unanswered = asked.merge(state.volume(), 0, (open, none) -> Math.max(0, open - 1));
        // an image that is yet to be made waits for its size, which production tells, or has told meanwhile
        boolean waits =
                state.status() == VolumeStatus.PATH_WRONG && (unanswered > 0 || !sizes.containsKey(state.volume()));
        if (state.status() == VolumeStatus.NORMAL && !failedAt.containsKey(state.volume())) {
            alarms.volumeWell(state.volume());
        } else if (waits) {
            alarms.volumeUnknown(state.volume());
        } else if (state.status() != VolumeStatus.NORMAL && state.status() != VolumeStatus.SETTING_UP) {
            alarms.volumeFailed(state.volume(), "the standby volume can't be used: " + state.detail());
        }
        publish();
        if (opens) {
            takePosition();
        }
        host.progressed();
    }

    private void onApplied(long index) throws JournalException {
        Map<Long, Batch> done = inFlight.headMap(index, true);
        for (Batch batch : done.values()) {
            inFlightBytes -= batch.bytes();
            appliedSequence = batch.lastSequence();
        }
        done.clear();
        setApplied(Math.max(appliedIndex, index));
        if (!flushing && store.journal().usedBytes() > store.journal().limitBytes() / 2) {
            flush(); // room is wanted sooner than the timer gives it
        }
        host.progressed();
        pump();
    }

    private void setApplied(long index) throws JournalException {
        appliedIndex = index;
        if (index >= store.journal().lastIndex()) {
            appliedSequence = store.journal().lastSequence();
        }
        store.applied(index);
        failedAt.entrySet().removeIf(failure -> {
            boolean over = index >= failure.getValue();
            if (over) {
                alarms.volumeWell(failure.getKey());
            }
            return over;
        });
    }

    private void onFailed(Message.ApplyFailed failed) {
        LOG.warn("VM {}: entry {} can't be applied: {}", vmUuid, failed.index(), failed.detail());
        detail = "a standby volume failed: " + failed.detail();
        stop();
        position = OptionalLong.empty();
        statuses.put(failed.volume(), VolumeStatus.SETTING_UP);
        failedAt.put(failed.volume(), failed.index());
        alarms.volumeFailed(failed.volume(), detail);
        publish();
    }

    /** Asks for the position again after a failure; called by the VM's timer. */
    void tick() {
        tellAlarms();
        if (lane.isPresent() && position.isEmpty() && connected) {
            attach(lane.get());
        }
        if (lane.isPresent() && connected && !flushing && appliedIndex > flushedIndex) {
            flush();
        }
    }

    private void tellAlarms() {
        if (connected) {
            return; // what is wrong then is told when it happens
        }
        strategy.volumes().forEach(alarms::volumeUnknown);
        if (System.nanoTime() - disconnectedNanos > AGENT_GRACE_NANOS) {
            alarms.raise(Kind.AGENT_LOST, detail);
        } else {
            alarms.confirm(Kind.AGENT_LOST);
        }
    }

    private void flush() {
        flushing = true;
        lane.ifPresent(open -> open.send(new Message.Flush(vmUuid)));
    }

    /**
     * The journal was given up: the agent is told the new generation, and applies from whatever comes next. Where the
     * volumes count as a consistent copy it still matters what is on them.
     */
    void restart() {
        flushedIndex = 0;
        if (!store.state().consistent()) {
            opened.clear();
        }
        lane.ifPresent(this::agentUp);
    }

    /** Whether the agent has all volumes open. */
    boolean ready() {
        return connected
                && position.isPresent()
                && strategy.volumes().stream().allMatch(volume -> statuses.get(volume) == VolumeStatus.NORMAL);
    }

    /** Sends what may be applied. */
    void pump() throws JournalException {
        if (!ready()) {
            return;
        }
        if (cursor.isEmpty()) {
            cursor = Optional.of(store.journal().cursor(position.getAsLong() + 1));
        }
        Lane open = lane.orElseThrow();
        while (inFlightBytes < WINDOW_BYTES && open.isOpen() && open.isWritable()) {
            Optional<Message.Apply> batch = nextBatch();
            if (batch.isEmpty()) {
                break;
            }
            open.send(batch.get());
        }
    }

    private Optional<Message.Apply> nextBatch() throws JournalException {
        RecordBatch.Builder builder = RecordBatch.builder(false);
        long limit = Math.min(store.applyLimit(), store.journal().syncedIndex());
        long first = 0;
        long last = 0;
        while (true) {
            if (waiting.isEmpty()) {
                if (cursor.orElseThrow().nextIndex() > limit) {
                    break;
                }
                waiting = cursor.get().next();
            }
            if (waiting.isEmpty() || !builder.tryAdd(known(waiting.get().record()))) {
                break;
            }
            last = waiting.get().index();
            first = first == 0 ? last : first;
            waiting = Optional.empty();
        }
        if (builder.isEmpty()) {
            return Optional.empty();
        }
        store.beforeApply(last);
        RecordBatch batch = builder.build();
        inFlight.put(last, new Batch(batch.rawBytes(), batch.last()));
        inFlightBytes += batch.rawBytes();
        return Optional.of(new Message.Apply(vmUuid, first, batch));
    }

    /** A record of a volume that is not configured any more keeps its place as a mark, so that indexes stay whole. */
    private StreamRecord known(StreamRecord record) {
        boolean ours = !record.type().isData() || keys.contains(record.volume());
        return ours ? record : StreamRecord.checkpoint(record.sequence(), 0);
    }

    /** Whether all that may be applied stands on the volumes and survives a power loss; asks for a flush if not. */
    boolean drained() {
        long drainLimit = store.applyLimit();
        if (appliedIndex < drainLimit) {
            return false;
        }
        if (flushedIndex < drainLimit && !flushing) {
            flush();
        }
        return flushedIndex >= drainLimit;
    }

    private void publish() {
        Map<VolumeId, VolumeStatus> now = new HashMap<>();
        for (VolumeId volume : new ArrayList<>(strategy.volumes())) {
            now.put(volume, statuses.getOrDefault(volume, VolumeStatus.SETTING_UP));
        }
        report = Map.copyOf(now);
    }
}
