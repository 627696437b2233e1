package org.openvrg.replication.internal.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.InlinePlatform;
import org.openvrg.api.service.AlarmService;
import org.openvrg.link.PeerLink;
import org.openvrg.replication.internal.VmAlarms;
import org.openvrg.replication.internal.Workers;
import org.openvrg.replication.internal.production.InlineExport;
import org.openvrg.replication.internal.production.MirrorReader;
import org.openvrg.replication.internal.production.ProductionSettings;
import org.openvrg.replication.internal.production.ProductionVm;
import org.openvrg.replication.internal.production.ScrubBudget;
import org.openvrg.replication.internal.production.VmFiles;
import org.openvrg.replication.internal.production.VmFolder;
import org.openvrg.replication.internal.production.VmRecovery;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The VMs that are protected here. A VM stands once a platform has all its disks; until then those of its disks that
 * are there can be used, and a full check follows. Changes are made by the engine's thread, reads by any.
 */
final class ProductionSide {
    private static final Logger LOG = LoggerFactory.getLogger(ProductionSide.class);

    /** How long writes under way may take to end before a VM is put together anew. */
    private static final long QUIET_SECONDS = 20;

    private final ProductionSettings settings;
    private final Workers workers;
    private final Platforms platforms;
    private final InlineExports exports;
    private final Mirrors mirrors;
    /** How long the disks of a VM may take to turn up after a start. */
    private static final long DISKS_GRACE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final PeerLink link;
    private final AlarmService alarms;
    private final ScrubBudget scrubBudget;
    private final Map<UUID, Entry> entries = new ConcurrentHashMap<>();

    private static final class Entry {
        volatile VmStrategy.Production strategy;
        volatile Optional<ProductionVm> vm = Optional.empty();
        volatile List<VolumeId> standing = List.of();
        volatile String waiting = "the VM is being started";
        volatile boolean startFailed;
        /** Whether that was for its journal, and not for a disk. */
        volatile boolean journalFailed;
        /** Clock at which its disks are missing for too long, while they are. */
        volatile OptionalLong missingTooLongNanos = OptionalLong.empty();

        Entry(VmStrategy.Production strategy) {
            this.strategy = strategy;
        }
    }

    ProductionSide(
            ProductionSettings settings,
            Workers workers,
            Platforms platforms,
            InlineExports exports,
            Mirrors mirrors,
            PeerLink link,
            AlarmService alarms) {
        this.settings = settings;
        this.workers = workers;
        this.platforms = platforms;
        this.exports = exports;
        this.mirrors = mirrors;
        this.link = link;
        this.alarms = alarms;
        this.scrubBudget = new ScrubBudget(settings.scrubBytesPerSecond(), workers.time()::nanoTime);
    }

    /** Notes a strategy; {@link #bringUp} carries it out. */
    void accept(VmStrategy.Production strategy) {
        entries.compute(strategy.vmUuid(), (uuid, present) -> {
            Entry entry = present == null ? new Entry(strategy) : present;
            entry.strategy = strategy;
            return entry;
        });
    }

    Optional<ProductionVm> vm(UUID vmUuid) {
        Entry entry = entries.get(vmUuid);
        return entry == null ? Optional.empty() : entry.vm;
    }

    List<ProductionVm> vms() {
        return entries.values().stream().flatMap(entry -> entry.vm.stream()).toList();
    }

    boolean knows(UUID vmUuid) {
        return entries.containsKey(vmUuid);
    }

    Set<UUID> uuids() {
        return Set.copyOf(entries.keySet());
    }

    /** Whether a volume belongs to a VM that is protected here. */
    boolean claims(VolumeId volume) {
        return entries.values().stream()
                .anyMatch(entry -> entry.strategy.volumes().contains(volume));
    }

    /** Starts, changes or stops a VM so that it agrees with its strategy and with the disks that are there. */
    void bringUp(UUID vmUuid) {
        Entry entry = entries.get(vmUuid);
        if (entry == null) {
            return;
        }
        VmStrategy.Production strategy = entry.strategy;
        if (entry.vm.isPresent()
                && missing(strategy).isEmpty()
                && Set.copyOf(entry.standing).equals(new HashSet<>(strategy.volumes()))) {
            entry.vm.get().options(strategy.encrypt(), strategy.compress());
            mirrors.refresh(strategy);
            return;
        }
        rebuild(entry, strategy);
    }

    /** Puts a VM together anew because a disk of it is another one now. */
    void bringUpAnew(UUID vmUuid) {
        Entry entry = entries.get(vmUuid);
        if (entry != null) {
            rebuild(entry, entry.strategy);
        }
    }

    /** Looks again for disks and captures that hypervisors did not have before. */
    void lookForDisks() {
        for (Entry entry : entries.values()) {
            if (entry.vm.isPresent()) {
                mirrors.refresh(entry.strategy);
            } else if (!entry.startFailed && missing(entry.strategy).isEmpty()) {
                bringUp(entry.strategy.vmUuid());
            }
        }
    }

    private List<VolumeId> missing(VmStrategy.Production strategy) {
        return strategy.disks().stream()
                .filter(disk -> !mirrors.has(disk.volume()) && !isThere(strategy, disk))
                .map(ProductionDisk::volume)
                .toList();
    }

    private boolean isThere(VmStrategy.Production strategy, ProductionDisk disk) {
        return isInline(strategy, disk)
                || platforms.mirrorHost(reference(strategy, disk)).isPresent();
    }

    private boolean isInline(VmStrategy.Production strategy, ProductionDisk disk) {
        return exports.of(disk.volume()).isPresent()
                && platforms.inlineHost(reference(strategy, disk)).isPresent();
    }

    private static DiskRef reference(VmStrategy.Production strategy, ProductionDisk disk) {
        return new DiskRef(strategy.vmUuid(), disk.volume(), disk.slot());
    }

    /** Puts a VM together anew, with its writes held meanwhile. */
    private void rebuild(Entry entry, VmStrategy.Production strategy) {
        UUID vmUuid = strategy.vmUuid();
        Set<VolumeId> touched = new HashSet<>(strategy.volumes());
        touched.addAll(entry.standing);
        Set<VolumeId> removed = new HashSet<>(touched);
        removed.removeAll(strategy.volumes());
        mirrors.end(removed, true);
        mirrors.end(strategy.volumes(), false);
        List<VolumeId> missing = missing(strategy);
        boolean stood = entry.vm.isPresent();
        try {
            entry.startFailed = false;
            entry.journalFailed = false;
            quiesce(touched);
            takeDown(entry);
            if (missing.isEmpty()) {
                entry.missingTooLongNanos = OptionalLong.empty();
                start(entry, strategy);
                tellCapture(entry);
            } else {
                String waiting = "no platform has the volumes " + missing;
                if (!waiting.equals(entry.waiting)) {
                    LOG.warn("VM {} can't be protected now: {}", vmUuid, waiting);
                }
                entry.waiting = waiting;
                if (entry.missingTooLongNanos.isEmpty()) {
                    entry.missingTooLongNanos = captureLostFrom(stood);
                }
                tellCapture(entry);
            }
        } catch (VrgException e) {
            entry.waiting = e.getMessage();
            entry.startFailed = true;
            entry.journalFailed = e instanceof JournalException;
            if (entry.journalFailed) {
                alarmsOf(vmUuid).raise(AlarmService.Kind.JOURNAL_FAILED, e.getMessage());
            } else {
                entry.missingTooLongNanos = captureLostFrom(stood);
                tellCapture(entry);
            }
            LOG.error("VM {} can't be protected now: {}", vmUuid, e.getMessage());
        }
        boolean withoutJournal = entry.vm.isPresent() || mayGoOnWithoutJournal(entry);
        for (VolumeId volume : touched) {
            letThrough(entry, volume, withoutJournal);
        }
    }

    /**
     * Whether the volumes of a VM that does not stand may be used all the same. After a power loss they may lack what only
     * its journal has. When the journal can't be opened it is given up for good, so that it is never redone over what the
     * guest writes from now on.
     */
    private boolean mayGoOnWithoutJournal(Entry entry) {
        VmFolder folder = VmFolder.of(settings, entry.strategy.vmUuid());
        if (!folder.exists()) {
            return true;
        }
        if (folder.needsRedo(settings.bootId())) {
            return false;
        }
        if (!entry.journalFailed) {
            return true; // given up with the first write that passes it by
        }
        try {
            for (VolumeId volume : entry.strategy.volumes()) {
                Optional<InlineExport> export = exports.of(volume);
                if (export.isPresent()) {
                    export.get().flushVolume();
                }
            }
            folder.distrust();
            return true;
        } catch (VrgException e) {
            LOG.error("VM {} can't be used without its journal: {}", entry.strategy.vmUuid(), e.getMessage());
            return false;
        }
    }

    /**
     * Finds a way back for the VMs whose journal failed, once the disk is well. The guest does not notice: a VM that
     * stands gets another journal while its writes go on, and one that could not be started is tried again only where
     * the disk takes writes.
     */
    void reopenFailed() {
        for (Entry entry : entries.values()) {
            UUID vmUuid = entry.strategy.vmUuid();
            if (entry.vm.isPresent()) {
                entry.vm.get().replaceFailedJournal();
            } else if (entry.startFailed) {
                try {
                    VmFolder.of(settings, vmUuid).probe();
                    LOG.warn("VM {}: its journal is opened anew", vmUuid);
                    rebuild(entry, entry.strategy);
                } catch (VrgException e) {
                    entry.waiting = e.getMessage();
                }
            }
        }
    }

    /** Tells of the VMs whose writes nobody captures, as long as that is so. */
    void tellCapture() {
        entries.values().forEach(this::tellCapture);
    }

    private void tellCapture(Entry entry) {
        lookAtMirrors(entry);
        VmAlarms of = alarmsOf(entry.strategy.vmUuid());
        OptionalLong tooLong = entry.missingTooLongNanos;
        if (tooLong.isEmpty()) {
            of.clear(AlarmService.Kind.CAPTURE_LOST);
        } else if (workers.time().nanoTime() - tooLong.getAsLong() >= 0) {
            of.raise(AlarmService.Kind.CAPTURE_LOST, "writes are not captured: " + entry.waiting);
        } else {
            of.confirm(AlarmService.Kind.CAPTURE_LOST);
        }
    }

    /** When a disk that is missing now is missing for too long: at once where the VM stood. */
    private OptionalLong captureLostFrom(boolean stood) {
        return OptionalLong.of(workers.time().nanoTime() + (stood ? 0 : DISKS_GRACE_NANOS));
    }

    /** Notes since when the hypervisors do not mirror all disks of a VM that stands. */
    private void lookAtMirrors(Entry entry) {
        if (entry.vm.isEmpty()) {
            return;
        }
        String unseen = entry.vm.get().mirrored().unseenWrites();
        if (unseen.isEmpty()) {
            entry.missingTooLongNanos = OptionalLong.empty();
            return;
        }
        entry.waiting = unseen;
        if (entry.missingTooLongNanos.isEmpty()) {
            entry.missingTooLongNanos = captureLostFrom(false);
        }
    }

    private VmAlarms alarmsOf(UUID vmUuid) {
        return new VmAlarms(alarms, vmUuid);
    }

    private void quiesce(Set<VolumeId> volumes) throws StorageException {
        for (VolumeId volume : volumes) {
            Optional<InlineExport> export = exports.of(volume);
            if (export.isPresent()) {
                try {
                    workers.time().await(export.get().hold(), TimeUnit.SECONDS.toNanos(QUIET_SECONDS));
                } catch (ExecutionException | TimeoutException e) {
                    throw new StorageException(
                            StorageException.Kind.IO, "writes to volume " + volume + " do not end", e);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new StorageException(StorageException.Kind.CLOSED, "the gateway is stopping", e);
                }
            }
        }
    }

    private static void takeDown(Entry entry) throws VrgException {
        Optional<ProductionVm> before = entry.vm;
        entry.vm = Optional.empty();
        entry.standing = List.of();
        if (before.isPresent()) {
            before.get().close();
        }
    }

    private void start(Entry entry, VmStrategy.Production strategy) throws VrgException {
        List<VmFiles.Disk> disks = new ArrayList<>();
        for (ProductionDisk disk : strategy.disks()) {
            disks.add(diskOf(strategy, disk));
        }
        VmFiles files = VmRecovery.open(settings, strategy.vmUuid(), disks);
        ProductionVm vm = new ProductionVm(
                strategy.vmUuid(), files, strategy.encrypt(), strategy.compress(), workers, link, alarms, scrubBudget);
        entry.vm = Optional.of(vm);
        entry.standing = strategy.volumes();
        mirrors.stands(vm);
        LOG.info(
                "VM {} is protected, in state {}", strategy.vmUuid(), vm.state().number());
        vm.lanesChanged();
        mirrors.refresh(strategy);
    }

    private VmFiles.Disk diskOf(VmStrategy.Production strategy, ProductionDisk disk) throws StorageException {
        DiskRef reference = reference(strategy, disk);
        if (isInline(strategy, disk)) {
            InlinePlatform platform = platforms.inlineHost(reference).orElseThrow(() -> gone(disk));
            return new VmFiles.Disk(disk.volume(), () -> platform.open(reference), true);
        }
        VmFiles.Opener reader = () ->
                platforms.mirrorHost(reference).orElseThrow(() -> gone(disk)).open(reference);
        return new VmFiles.Disk(disk.volume(), () -> MirrorReader.open(reader), false);
    }

    private static StorageException gone(ProductionDisk disk) {
        return new StorageException(StorageException.Kind.IO, "no platform has volume " + disk.volume() + " any more");
    }

    /** Ends the hold of a volume's writes, to wherever they belong now. */
    private void letThrough(Entry entry, VolumeId volume, boolean withoutJournal) {
        Optional<InlineExport> export = exports.of(volume);
        if (export.isEmpty()) {
            return;
        }
        if (entry.vm.isPresent() && entry.standing.contains(volume)) {
            export.get().releaseTo(entry.vm.get());
            exports.show(volume);
        } else if (!withoutJournal && !exports.isShown(volume)) {
            LOG.warn("Volume {} is not exported before VM {} can be opened", volume, entry.strategy.vmUuid());
        } else if (entry.strategy.volumes().contains(volume)) {
            export.get().releaseDirect(VmFolder.of(settings, entry.strategy.vmUuid()));
            exports.show(volume);
        } else {
            export.get().releaseDirect();
            exports.show(volume);
        }
    }

    /** Ends the protection of a VM; its volumes stay exported. */
    void remove(UUID vmUuid) throws VrgException {
        Entry entry = entries.get(vmUuid);
        if (entry == null) {
            return;
        }
        Set<VolumeId> volumes = new HashSet<>(entry.strategy.volumes());
        volumes.addAll(entry.standing);
        mirrors.end(volumes, true);
        quiesce(volumes);
        entries.remove(vmUuid);
        Optional<ProductionVm> vm = entry.vm;
        entry.vm = Optional.empty();
        try {
            if (vm.isPresent()) {
                vm.get().remove();
            } else {
                VmFolder.of(settings, vmUuid).delete();
            }
        } finally {
            for (VolumeId volume : volumes) {
                exports.of(volume).ifPresent(InlineExport::releaseDirect);
                exports.show(volume);
            }
            alarmsOf(vmUuid).end(volumes);
        }
    }

    /** A VM that does not stand can't send what its files hold of earlier times. */
    private void refuseWhatFilesHold(UUID vmUuid) throws RequestException {
        if (VmFolder.of(settings, vmUuid).exists()) {
            Entry entry = entries.get(vmUuid);
            String why = entry == null ? "it is being removed" : entry.waiting;
            throw new RequestException(
                    ErrorCode.CONFLICT,
                    "VM " + vmUuid + " was protected before and does not stand now (" + why
                            + "), so what its journal holds can't be sent; try again later, or remove with delFlag 2",
                    "虚拟机 " + vmUuid + " 当前未就绪,其日志中的数据无法发送,请稍后重试或使用 delFlag 2 强制删除");
        }
    }

    /** Waits until the DR side holds all that the guest was told is written. */
    void awaitDrained(UUID vmUuid, long seconds) throws RequestException {
        Optional<ProductionVm> vm = vm(vmUuid);
        if (vm.isEmpty()) {
            refuseWhatFilesHold(vmUuid);
            return;
        }
        CompletableFuture<Boolean> drained = vm.get().drained();
        try {
            workers.time().await(drained, TimeUnit.SECONDS.toNanos(seconds));
        } catch (TimeoutException e) {
            drained.cancel(false);
            VmReport.Progress figures = vm.get().progress(workers.time().epochMillis());
            long records = figures.lastSequence() - figures.durableSequence();
            throw new RequestException(
                    ErrorCode.CONFLICT,
                    records + " records (" + figures.journalUsedBytes() / 1024
                            + " KB of journal) are not yet safe at the DR side and can't be sent within " + seconds
                            + " s; try again later, or remove with delFlag 2",
                    "仍有 " + records + " 条记录未到达容灾端,请稍后重试或使用 delFlag 2 强制删除");
        } catch (ExecutionException e) {
            throw new IllegalStateException("waiting for the queue never fails", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RequestException(ErrorCode.UNAVAILABLE, "the gateway is stopping", "网关正在停止");
        }
    }

    Optional<VmReport> report(UUID vmUuid, long nowEpochMillis) {
        Entry entry = entries.get(vmUuid);
        if (entry == null) {
            return Optional.empty();
        }
        Map<VolumeId, VolumeStatus> volumes = new HashMap<>();
        for (VolumeId volume : entry.strategy.volumes()) {
            volumes.put(volume, entry.standing.contains(volume) ? VolumeStatus.NORMAL : VolumeStatus.SETTING_UP);
        }
        if (entry.vm.isEmpty()) {
            VmReport.Progress none = new VmReport.Progress(0, 0, 0, 0, settings.journalLimitBytes(), 0, 0, 0, 0, 0, -1);
            return Optional.of(new VmReport(
                    vmUuid,
                    ProtectionState.CONSISTENCY_CHECK,
                    true,
                    false,
                    entry.waiting,
                    volumes,
                    none,
                    VmReport.Scrub.NONE));
        }
        ProductionVm vm = entry.vm.get();
        return Optional.of(new VmReport(
                vmUuid,
                vm.state(),
                true,
                vm.attached(),
                vm.detail(),
                volumes,
                vm.progress(nowEpochMillis),
                vm.scrub()));
    }

    void close() {
        mirrors.close();
        for (Entry entry : entries.values()) {
            try {
                quiesce(new HashSet<>(entry.standing));
            } catch (VrgException e) {
                LOG.warn("VM {} is stopped with writes under way: {}", entry.strategy.vmUuid(), e.getMessage());
            }
            try {
                takeDown(entry);
            } catch (VrgException e) {
                LOG.warn("VM {} does not stop cleanly: {}", entry.strategy.vmUuid(), e.getMessage());
            }
        }
        entries.clear();
    }
}
