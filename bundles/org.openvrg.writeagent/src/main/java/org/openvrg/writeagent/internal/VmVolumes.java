package org.openvrg.writeagent.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message.AgentAttach;
import org.openvrg.wire.Message.AgentPosition;
import org.openvrg.wire.Message.Applied;
import org.openvrg.wire.Message.Apply;
import org.openvrg.wire.Message.ApplyFailed;
import org.openvrg.wire.Message.CloseVolume;
import org.openvrg.wire.Message.Flush;
import org.openvrg.wire.Message.Flushed;
import org.openvrg.wire.Message.OpenVolume;
import org.openvrg.wire.Message.VolumeClosed;
import org.openvrg.wire.Message.VolumeState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volumes of one VM: who owns them, how far they are, and what is written to them. All methods are called by the
 * VM's serial executor, but for those that say otherwise.
 *
 * <p>Invariants: at most one lane owns the VM. Entries are carried out in the order of their index without gap; the
 * applied index rises after an entry stands on its volume, the flushed index after all volumes were flushed. Where a
 * volume goes away with writes that could not be flushed, the applied index falls back to the flushed one, so that the
 * gateway sends those entries again.
 */
final class VmVolumes {
    private static final Logger LOG = LoggerFactory.getLogger(VmVolumes.class);
    /** As many as a strategy may name. */
    private static final int MAX_VOLUMES = 256;

    private final UUID vmUuid;
    private final StateFolder states;
    private final ProviderRegistry providers;
    private final Map<VolumeId, VolumeSlot> slots = new ConcurrentHashMap<>();
    private final Map<VolumeKey, VolumeSlot> byKey = new ConcurrentHashMap<>();
    private final Set<Lane> strangers = new HashSet<>();
    private Optional<StateFile> state;
    private Optional<Ownership> owner;
    private volatile Optional<Lane> lane = Optional.empty();
    private OptionalLong failedIndex = OptionalLong.empty();
    private volatile boolean idle = true;

    /**
     * Reads what an earlier process left.
     *
     * @throws IOException when the state file can't be read
     */
    VmVolumes(UUID vmUuid, StateFolder states, ProviderRegistry providers) throws IOException {
        this.vmUuid = vmUuid;
        this.states = states;
        this.providers = providers;
        this.state = states.find(vmUuid);
        this.owner = state.map(StateFile::owner);
    }

    /** Whether nobody uses it; any thread may ask. */
    boolean isIdle() {
        return idle;
    }

    /** Whether a lane owns the VM; any thread may ask. */
    boolean isOwnedBy(Lane asking) {
        return lane.isPresent() && lane.get() == asking;
    }

    /** The slot of an open or wanted volume; any thread may ask. */
    Optional<VolumeSlot> slot(VolumeKey key) {
        return Optional.ofNullable(byKey.get(key));
    }

    /** A gateway takes the VM over. */
    void attach(Lane from, AgentAttach message) throws IOException {
        Ownership claim = new Ownership(message.owner(), message.generation());
        if (state.isPresent() && !claim.vrgUuid().equals(state.get().owner().vrgUuid())) {
            LOG.warn(
                    "Gateway {} asks for volumes of gateway {}",
                    claim.vrgUuid(),
                    state.get().owner().vrgUuid());
            strangers.add(from);
            from.send(new AgentPosition(vmUuid, 0, 0));
            updateIdle();
            return;
        }
        if (state.isPresent() && !claim.mayReplace(state.get().owner())) {
            from.close("generation " + claim.generation() + " of VM " + vmUuid + " is older than "
                    + state.get().owner().generation());
            return;
        }
        Optional<Lane> before = lane;
        lane = Optional.of(from);
        strangers.remove(from);
        if (before.isPresent() && before.get() != from) {
            before.get().close("another connection took VM " + vmUuid + " over");
        }
        if (state.isPresent() && claim.generation() > state.get().owner().generation()) {
            if (!slots.isEmpty()) {
                flushAll(Optional.empty());
            }
            closeAll();
            slots.clear();
            byKey.clear();
            state = Optional.of(state.get().ofGeneration(claim));
        }
        state.ifPresent(file -> file.reachesAtMost(message.lastIndex()));
        owner = Optional.of(claim);
        failedIndex = OptionalLong.empty();
        updateIdle();
        from.send(new AgentPosition(vmUuid, appliedIndex(), flushedIndex()));
    }

    /** A lane ended; volumes stay open and owned. */
    void laneClosed(Lane closed) {
        if (isOwnedBy(closed)) {
            lane = Optional.empty();
        }
        strangers.remove(closed);
        updateIdle();
    }

    /** Opens a volume or takes new settings for it. */
    void open(Lane from, OpenVolume message) throws IOException {
        if (!mayAct(from)) {
            refuse(from, message.volume());
            return;
        }
        VolumeSpec spec = new VolumeSpec(
                message.volume(),
                message.volumeUrl(),
                message.dsUrn(),
                message.extParams(),
                message.sizeBytes() < 0 ? OptionalLong.empty() : OptionalLong.of(message.sizeBytes()));
        Optional<VolumeSlot> present = Optional.ofNullable(slots.get(message.volume()));
        if (present.isEmpty() && slots.size() >= MAX_VOLUMES) {
            from.send(new VolumeState(
                    vmUuid,
                    message.volume(),
                    VolumeStatus.PATH_WRONG,
                    -1,
                    false,
                    "a VM has at most " + MAX_VOLUMES + " volumes"));
            return;
        }
        if (state.isEmpty()) {
            state = Optional.of(states.create(vmUuid, owner.orElseThrow(), 0, 0));
        }
        boolean same = present.isPresent()
                && present.get().spec().equals(spec)
                && present.get().volType().equals(message.volType());
        VolumeSlot slot;
        if (same) {
            slot = present.get();
            slot.wantedAgain();
        } else {
            boolean maybeDirty = present.isPresent()
                    ? present.get().isDirtyAndClosed() || !suspend(present.get(), VolumeStatus.SETTING_UP, "")
                    : appliedIndex() > flushedIndex() || state.get().owed();
            slot = new VolumeSlot(vmUuid, spec, message.volType(), maybeDirty);
            slots.put(message.volume(), slot);
            byKey.put(message.volume().key(), slot);
        }
        open(slot);
        updateIdle();
        from.send(slot.state());
    }

    /** Closes a volume. */
    void close(Lane from, CloseVolume message) throws IOException {
        if (!mayAct(from)) {
            from.send(new VolumeClosed(vmUuid, message.volume(), true, "owned by another gateway, left alone"));
            return;
        }
        Optional<VolumeSlot> slot = Optional.ofNullable(slots.get(message.volume()));
        if (slot.isEmpty()) {
            from.send(new VolumeClosed(vmUuid, message.volume(), true, "was not open"));
            return;
        }
        if (message.release()) {
            try {
                slot.get().release(providers, owner.orElseThrow());
            } catch (StorageException e) {
                LOG.warn("Volume {} could not be released: {}", message.volume(), e.getMessage());
                from.send(new VolumeClosed(vmUuid, message.volume(), false, e.getMessage()));
                return;
            }
        } else {
            suspend(slot.get(), VolumeStatus.SETTING_UP, "");
        }
        slots.remove(message.volume());
        byKey.remove(message.volume().key());
        if (slots.isEmpty() && state.isPresent()) {
            state.get().delete();
            state = Optional.empty();
            failedIndex = OptionalLong.empty();
        }
        updateIdle();
        from.send(new VolumeClosed(vmUuid, message.volume(), true, ""));
    }

    /** Carries entries out. */
    void apply(Lane from, Apply message) {
        if (!mayAct(from) || state.isEmpty()) {
            from.send(failure(message.firstIndex(), VolumeKey.NONE, "no volume of this VM is open"));
            return;
        }
        if (message.firstIndex() < 1) {
            from.close("entries are numbered from 1, not from " + message.firstIndex());
            return;
        }
        long applied = appliedIndex();
        if (failedIndex.isPresent() && message.firstIndex() > failedIndex.getAsLong()) {
            refuseAgain(from);
            return;
        }
        if (message.firstIndex() > applied + 1) {
            if (applied != 0) {
                from.send(failure(applied + 1, VolumeKey.NONE, "entries are missing before " + message.firstIndex()));
                from.close(
                        "entries of VM " + vmUuid + " are missing between " + applied + " and " + message.firstIndex());
                return;
            }
            // nothing is known of what came before, and the gateway was told so: its first entry is the start
            state.get().startBehind(message.firstIndex() - 1);
        }
        List<StreamRecord> records;
        try {
            records = message.batch().unpack();
        } catch (LinkException e) {
            from.close("malformed entries: " + e.getMessage());
            return;
        }
        slots.values().forEach(VolumeSlot::applied);
        writing(state.get());
        applyRecords(from, message.firstIndex(), records);
    }

    private void applyRecords(Lane from, long firstIndex, List<StreamRecord> records) {
        StateFile file = state.orElseThrow();
        for (int i = 0; i < records.size(); i++) {
            long index = firstIndex + i;
            if (index <= file.appliedIndex()) {
                continue;
            }
            StreamRecord entry = records.get(i);
            try {
                carryOut(entry);
            } catch (StorageException e) {
                from.send(new Applied(vmUuid, index - 1));
                fail(from, entry.volume(), index, e.getMessage());
                return;
            }
            file.setApplied(index);
        }
        failedIndex = OptionalLong.empty();
        from.send(new Applied(vmUuid, file.appliedIndex()));
    }

    private void carryOut(StreamRecord entry) throws StorageException {
        if (!entry.type().isData()) {
            return;
        }
        VolumeSlot slot = slot(entry.volume())
                .orElseThrow(() -> new StorageException(
                        StorageException.Kind.CLOSED, "the volume of an entry was not opened at this writeagent"));
        StorageVolume volume = slot.openVolume()
                .orElseThrow(() -> new StorageException(
                        StorageException.Kind.CLOSED,
                        "volume " + slot.spec().volume() + " is not open: "
                                + slot.state().detail()));
        slot.writing();
        slot.guarded(() -> {
            switch (entry.type()) {
                case WRITE, RESYNC_WRITE ->
                    volume.write(entry.offsetBytes(), entry.payload().duplicate());
                case ZERO, RESYNC_ZERO -> volume.zero(entry.offsetBytes(), entry.lengthBytes(), false);
                case TRIM -> volume.zero(entry.offsetBytes(), entry.lengthBytes(), true);
                case CHECKPOINT, RESYNC_BEGIN, RESYNC_END -> throw new IllegalStateException("a mark is no data");
            }
        });
    }

    /** Stops before an entry; its volume, when it was open, is given up until it can be opened again. */
    private void fail(Lane to, VolumeKey key, long index, String detail) {
        failedIndex = OptionalLong.of(index);
        slot(key).ifPresent(slot -> {
            if (slot.openVolume().isPresent()) {
                suspend(slot, VolumeStatus.PATH_WRONG, detail);
                to.send(slot.state());
            }
        });
        LOG.warn("Entry {} could not be carried out: {}", index, detail);
        to.send(failure(failedIndex.getAsLong(), key, detail));
    }

    /** More entries behind one that failed: the gateway did not know yet, or missed that all is well again. */
    private void refuseAgain(Lane to) {
        Optional<VolumeSlot> notOpen = slots.values().stream()
                .filter(slot -> slot.openVolume().isEmpty())
                .findFirst();
        Optional<VolumeSlot> told = notOpen.or(() -> slots.values().stream().findFirst());
        VolumeKey key = told.map(slot -> slot.spec().volume().key()).orElse(VolumeKey.NONE);
        to.send(failure(failedIndex.orElseThrow(), key, "an entry before could not be carried out"));
        if (notOpen.isEmpty()) {
            told.ifPresent(slot -> to.send(slot.state()));
        }
    }

    private ApplyFailed failure(long index, VolumeKey key, String detail) {
        VolumeId volume = slot(key).map(slot -> slot.spec().volume()).orElseGet(() -> new VolumeId(key.toString()));
        return new ApplyFailed(vmUuid, index, volume, detail);
    }

    /** Flushes all volumes. */
    void flush(Lane from, Flush message) {
        if (!mayAct(from) || state.isEmpty()) {
            from.send(new Flushed(message.vmUuid(), 0));
            return;
        }
        flushAll(Optional.of(from));
        from.send(new Flushed(vmUuid, flushedIndex()));
    }

    private void flushAll(Optional<Lane> to) {
        long target = appliedIndex();
        boolean safe = true;
        for (VolumeSlot slot : slots.values()) {
            try {
                slot.flush();
            } catch (StorageException e) {
                safe = false;
                LOG.warn("Volume {} could not be flushed: {}", slot.spec().volume(), e.getMessage());
                if (slot.openVolume().isPresent()) {
                    suspend(slot, VolumeStatus.PATH_WRONG, e.getMessage());
                    to.ifPresent(lane -> {
                        lane.send(slot.state());
                        failedIndex.ifPresent(index ->
                                lane.send(failure(index, slot.spec().volume().key(), e.getMessage())));
                    });
                }
            }
        }
        if (safe && flushedIndex() < target) {
            setFlushed(target);
        }
    }

    /** Closes a volume; where its writes may be lost, goes back to what is safe. Returns whether nothing may be lost. */
    private boolean suspend(VolumeSlot slot, VolumeStatus after, String why) {
        if (slot.close(after, why)) {
            return true;
        }
        if (state.isPresent() && appliedIndex() > flushedIndex()) {
            state.get().goBack();
            long again = flushedIndex() + 1;
            failedIndex = OptionalLong.of(Math.min(failedIndex.orElse(again), again));
        }
        return false;
    }

    /** Tries again what could not be opened. */
    void retry() {
        reopen(slots.values().stream().filter(VolumeSlot::isWorthRetrying).toList());
    }

    /** A provider was deployed. */
    void providerArrived(String volType) {
        reopen(slots.values().stream()
                .filter(slot -> slot.isWaitingForProvider() && slot.volType().equals(volType))
                .toList());
    }

    /** Opens a volume, and never forgets, not even by a crash in between, that it was newly owned. */
    private boolean open(VolumeSlot slot) {
        if (slot.openVolume().isPresent()) {
            return false;
        }
        StateFile file = state.orElseThrow();
        boolean unsure = file.unsure();
        if (!unsure) {
            file.setUnsure(true);
            if (!slot.isRetried()) {
                sync(file);
            }
        }
        boolean changed = slot.open(providers, owner.orElseThrow(), unsure);
        if (slot.isHeldInProcess()) {
            limitToProcess(slot);
        }
        if (!unsure && !slot.isNewlyOwned()) {
            state.orElseThrow().setUnsure(false);
        }
        return changed;
    }

    /** Before anything is written to a volume whose writes may end with this process, so does the applied index. */
    private void limitToProcess(VolumeSlot slot) {
        try {
            state = Optional.of(states.withinProcess(state.orElseThrow()));
        } catch (IOException e) {
            LOG.warn("The state of VM {} could not be written: {}", vmUuid, e.getMessage());
            suspend(slot, VolumeStatus.PATH_WRONG, "the state file of the writeagent can't be written");
        }
    }

    private void writing(StateFile file) {
        if (file.writing()) {
            sync(file);
        }
    }

    private void sync(StateFile file) {
        try {
            file.sync();
        } catch (IOException e) {
            LOG.warn("The state of VM {} could not be synced: {}", vmUuid, e.getMessage());
        }
    }

    private void reopen(List<VolumeSlot> candidates) {
        for (VolumeSlot slot : candidates) {
            if (open(slot)) {
                lane.ifPresent(to -> to.send(slot.state()));
            }
        }
    }

    /** A provider goes away: its volumes are closed; another one of the same type may take them over. */
    void providerGone(StorageProvider provider) {
        for (VolumeSlot slot : new ArrayList<>(slots.values())) {
            if (slot.isOpenedBy(provider)) {
                if (!suspend(slot, VolumeStatus.SETTING_UP, "its storage provider was removed")
                        && failedIndex.isPresent()) {
                    ApplyFailed back = failure(
                            failedIndex.getAsLong(), slot.spec().volume().key(), "writes were lost with the provider");
                    lane.ifPresent(to -> to.send(slot.state()));
                    lane.ifPresent(to -> to.send(back));
                }
                open(slot);
                lane.ifPresent(to -> to.send(slot.state()));
            }
        }
    }

    /** Flushes and closes all volumes at the end of the process; ownership stays. */
    void shutDown() {
        if (state.isPresent()) {
            flushAll(Optional.empty());
        }
        closeAll();
    }

    private void closeAll() {
        slots.values().forEach(slot -> suspend(slot, VolumeStatus.SETTING_UP, ""));
    }

    /** Whether a lane owns the VM or is known as a stranger; any other is closed. */
    private boolean mayAct(Lane from) {
        if (isOwnedBy(from)) {
            return true;
        }
        if (!strangers.contains(from)) {
            from.close("VM " + vmUuid + " is not attached on this connection");
        }
        return false;
    }

    private void refuse(Lane to, VolumeId volume) {
        String by = state.map(file -> file.owner().vrgUuid().toString()).orElse("another connection");
        to.send(new VolumeState(
                vmUuid,
                volume,
                VolumeStatus.OWNED_BY_OTHER,
                -1,
                false,
                "the volumes of this VM are owned by gateway " + by));
    }

    private long appliedIndex() {
        return state.map(StateFile::appliedIndex).orElse(0L);
    }

    private long flushedIndex() {
        return state.map(StateFile::flushedIndex).orElse(0L);
    }

    private void setFlushed(long index) {
        try {
            state.orElseThrow().setFlushed(index);
        } catch (UncheckedIOException e) {
            LOG.error("The state file could not be synced", e);
        }
    }

    private void updateIdle() {
        idle = slots.isEmpty() && lane.isEmpty() && strangers.isEmpty();
    }
}
