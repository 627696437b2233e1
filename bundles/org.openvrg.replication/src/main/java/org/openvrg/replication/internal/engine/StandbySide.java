package org.openvrg.replication.internal.engine;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.api.service.AlarmService;
import org.openvrg.replication.internal.VmAlarms;
import org.openvrg.replication.internal.Workers;
import org.openvrg.replication.internal.standby.Agents;
import org.openvrg.replication.internal.standby.StandbySettings;
import org.openvrg.replication.internal.standby.StandbyVm;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The VMs whose standby volumes are here. Changes are made by the engine's thread, reads by any. */
final class StandbySide {
    private static final Logger LOG = LoggerFactory.getLogger(StandbySide.class);

    /** How long an agent may take to give volumes up. */
    private static final long RELEASE_SECONDS = 10;

    private final StandbySettings settings;
    private final Workers workers;
    private final Agents agents;
    private final AlarmService alarms;
    private final Map<UUID, Entry> entries = new ConcurrentHashMap<>();

    private static final class Entry {
        volatile VmStrategy.Standby strategy;
        volatile Optional<StandbyVm> vm = Optional.empty();
        volatile String waiting = "the VM is being started";

        Entry(VmStrategy.Standby strategy) {
            this.strategy = strategy;
        }
    }

    StandbySide(StandbySettings settings, Workers workers, Agents agents, AlarmService alarms) {
        this.settings = settings;
        this.workers = workers;
        this.agents = agents;
        this.alarms = alarms;
    }

    /** Notes a strategy; {@link #bringUp} carries it out. */
    void accept(VmStrategy.Standby strategy) {
        entries.compute(strategy.vmUuid(), (uuid, present) -> {
            Entry entry = present == null ? new Entry(strategy) : present;
            entry.strategy = strategy;
            return entry;
        });
    }

    Optional<StandbyVm> vm(UUID vmUuid) {
        Entry entry = entries.get(vmUuid);
        return entry == null ? Optional.empty() : entry.vm;
    }

    List<StandbyVm> vms() {
        return entries.values().stream().flatMap(entry -> entry.vm.stream()).toList();
    }

    boolean knows(UUID vmUuid) {
        return entries.containsKey(vmUuid);
    }

    Set<UUID> uuids() {
        return Set.copyOf(entries.keySet());
    }

    /** Starts a VM, or tells it its new strategy. */
    void bringUp(UUID vmUuid) {
        Entry entry = entries.get(vmUuid);
        if (entry == null) {
            return;
        }
        VmStrategy.Standby strategy = entry.strategy;
        if (entry.vm.isPresent()) {
            if (!entry.vm.get().strategy().equals(strategy)) {
                entry.vm.get().strategy(strategy);
            }
            return;
        }
        try {
            // The clock gives a new VM a generation above that of any former life of it here.
            entry.vm = Optional.of(
                    new StandbyVm(strategy, settings, workers.time().epochMillis(), workers, agents, alarms));
            LOG.info("VM {} has its standby volumes here", vmUuid);
        } catch (VrgException e) {
            entry.waiting = e.getMessage();
            new VmAlarms(alarms, vmUuid).raise(AlarmService.Kind.JOURNAL_FAILED, e.getMessage());
            LOG.error("The standby VM {} can't be started: {}", vmUuid, e.getMessage());
        }
    }

    /** Opens the VMs anew whose journal failed, so that they find a way back once the disk is well. */
    void reopenFailed() {
        for (Entry entry : entries.values()) {
            Optional<StandbyVm> vm = entry.vm;
            if (vm.isPresent() && vm.get().journalFailed()) {
                LOG.warn("VM {}: the DR journal failed; it is opened anew", entry.strategy.vmUuid());
                entry.vm = Optional.empty();
                try {
                    vm.get().close();
                } catch (VrgException e) {
                    LOG.warn("VM {} does not stop cleanly: {}", entry.strategy.vmUuid(), e.getMessage());
                }
            }
            if (entry.vm.isEmpty()) {
                bringUp(entry.strategy.vmUuid());
            }
        }
    }

    /** Writes all that was received to the volumes and gives them up. */
    void drain(UUID vmUuid, long seconds) throws RequestException {
        Optional<StandbyVm> found = vm(vmUuid);
        if (found.isEmpty()) {
            return;
        }
        StandbyVm vm = found.get();
        vm.refuse();
        CompletableFuture<Void> drained = vm.drained();
        try {
            workers.time().await(drained, TimeUnit.SECONDS.toNanos(seconds));
        } catch (TimeoutException e) {
            drained.cancel(false);
            vm.resume();
            long entriesLeft = vm.queuedEntries();
            throw new RequestException(
                    ErrorCode.CONFLICT,
                    entriesLeft + " received entries can't be written to the volumes within " + seconds
                            + " s; check the writeagent and the volumes, or remove with delFlag 2",
                    "仍有 " + entriesLeft + " 条数据未写入容灾卷,请检查 writeagent 与卷状态,或使用 delFlag 2 强制删除");
        } catch (ExecutionException e) {
            throw new IllegalStateException("waiting for the volumes never fails", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RequestException(ErrorCode.UNAVAILABLE, "the gateway is stopping", "网关正在停止");
        }
    }

    /** Releases the volumes and removes all that is kept about the VM; what was not applied is dropped. */
    void remove(UUID vmUuid) throws VrgException {
        Entry entry = entries.remove(vmUuid);
        if (entry == null) {
            return;
        }
        VmAlarms of = new VmAlarms(alarms, vmUuid);
        if (entry.vm.isEmpty()) {
            of.end(entry.strategy.volumes());
            return;
        }
        StandbyVm vm = entry.vm.get();
        vm.refuse();
        CompletableFuture<Boolean> released = vm.release();
        if (!workers.time().awaitDone(released, RELEASE_SECONDS, TimeUnit.SECONDS) || !released.join()) {
            LOG.warn("VM {} is removed, but not all its volumes could be released", vmUuid);
        }
        vm.remove();
        of.end(entry.strategy.volumes());
    }

    Optional<VmReport> report(UUID vmUuid, long nowEpochMillis) {
        Entry entry = entries.get(vmUuid);
        if (entry == null) {
            return Optional.empty();
        }
        if (entry.vm.isEmpty()) {
            Map<VolumeId, VolumeStatus> volumes = new HashMap<>();
            entry.strategy.volumes().forEach(volume -> volumes.put(volume, VolumeStatus.SETTING_UP));
            VmReport.Progress none = new VmReport.Progress(0, 0, 0, 0, settings.journalLimitBytes(), 0, 0, 0, 0, 0, -1);
            return Optional.of(new VmReport(
                    vmUuid,
                    ProtectionState.CONSISTENCY_CHECK,
                    false,
                    false,
                    entry.waiting,
                    volumes,
                    none,
                    VmReport.Scrub.NONE));
        }
        return Optional.of(entry.vm.get().report(nowEpochMillis));
    }

    void close() {
        for (Entry entry : entries.values()) {
            entry.vm.ifPresent(vm -> {
                try {
                    vm.close();
                } catch (VrgException e) {
                    LOG.warn("VM {} does not stop cleanly: {}", entry.strategy.vmUuid(), e.getMessage());
                }
            });
        }
        entries.clear();
    }
}
