package org.openvrg.replication.internal.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.openvrg.api.block.ExportCatalog;
import org.openvrg.api.block.ExportServer;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.HypervisorPlatform;
import org.openvrg.api.platform.InlinePlatform;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.ProtectionService;
import org.openvrg.link.LinkListener;
import org.openvrg.link.PeerLink;
import org.openvrg.replication.internal.SerialExecutor;
import org.openvrg.replication.internal.Workers;
import org.openvrg.replication.internal.production.ProductionSettings;
import org.openvrg.replication.internal.production.ProductionVm;
import org.openvrg.replication.internal.production.VmFolder;
import org.openvrg.replication.internal.standby.Agents;
import org.openvrg.replication.internal.standby.StandbySettings;
import org.openvrg.replication.internal.standby.StandbyVm;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All VMs of the gateway: takes strategies from the control plane, messages from the link and disks from the platforms
 * to the VMs. VMs are started, changed and removed one after the other on the engine's own thread. Thread-safe.
 */
final class ReplicationEngine implements ProtectionService, LinkListener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ReplicationEngine.class);
    private static final long DRAIN_SECONDS = 30;
    private static final long TICK_MILLIS = 1_000;
    private static final long REOPEN_MILLIS = 5_000;

    /** How long volumes that were protected before wait for their strategy after a start. */
    private static final long STRATEGY_WAIT_SECONDS = 30;

    private final EngineSettings settings;
    private final Workers workers;
    private final Platforms platforms = new Platforms();
    private final InlineExports exports;
    private final Mirrors mirrors;
    private final ProductionSide production;
    private final StandbySide standby;
    private final SerialExecutor engine;
    private final AutoCloseable linkSubscription;
    private final List<ScheduledFuture<?>> timers = new ArrayList<>();

    /**
     * What the engine is configured with.
     *
     * @param production the production side
     * @param standby the DR side
     */
    record EngineSettings(ProductionSettings production, StandbySettings standby) {}

    /**
     * Takes up what earlier lives left.
     *
     * @param server where hypervisors reach the exports, once that is so
     */
    ReplicationEngine(
            EngineSettings settings,
            Workers workers,
            PeerLink link,
            Agents agents,
            AlarmService alarms,
            Supplier<Optional<ExportServer>> server)
            throws JournalException {
        this.settings = settings;
        this.workers = workers;
        this.engine = new SerialExecutor(workers.sync(), "the engine");
        this.exports = new InlineExports(workers, VmFolder.remembered(settings.production()), this::claims);
        this.mirrors = new Mirrors(platforms, server, this::diskReplaced);
        this.production = new ProductionSide(settings.production(), workers, platforms, exports, mirrors, link, alarms);
        this.standby = new StandbySide(settings.standby(), workers, agents, alarms);
        this.linkSubscription = link.listen(this);
        int watchMillis = Math.max(5, settings.production().maxLatencyMillis() / 4);
        long boundNanos = TimeUnit.MILLISECONDS.toNanos(settings.production().maxLatencyMillis());
        timers.add(every(TICK_MILLIS, this::tick));
        timers.add(every(watchMillis, () -> production.vms().forEach(vm -> vm.watch(boundNanos))));
        timers.add(every(
                REOPEN_MILLIS,
                () -> engine.execute(() -> {
                    production.reopenFailed();
                    production.lookForDisks();
                    production.tellCapture();
                    standby.reopenFailed();
                })));
        timers.add(workers.timer()
                .schedule(() -> engine.execute(this::giveUpWaiting), STRATEGY_WAIT_SECONDS, TimeUnit.SECONDS));
    }

    private ScheduledFuture<?> every(long millis, Runnable task) {
        Runnable guarded = () -> {
            try {
                task.run();
            } catch (RuntimeException e) {
                LOG.error("A timer of the replication failed", e);
            }
        };
        return workers.timer().scheduleWithFixedDelay(guarded, millis, millis, TimeUnit.MILLISECONDS);
    }

    private void diskReplaced(UUID vmUuid) {
        engine.execute(() -> production.bringUpAnew(vmUuid));
    }

    private boolean claims(VolumeId volume) {
        return production.claims(volume);
    }

    private void tick() {
        long now = workers.time().epochMillis();
        production.vms().forEach(vm -> vm.tick(now));
        standby.vms().forEach(StandbyVm::tick);
    }

    private void giveUpWaiting() {
        for (VolumeId volume : exports.waiting()) {
            if (!production.claims(volume)) {
                LOG.warn(
                        "Volume {} was protected before, but no strategy came for it; it is exported as it is", volume);
                exports.showDirect(volume);
            }
        }
    }

    /** The volumes that the gateway itself backs. */
    ExportCatalog exports() {
        return exports;
    }

    /** The disks that hypervisors mirror. */
    ExportCatalog mirrors() {
        return mirrors;
    }

    /** The NBD server listens. */
    void exportsReached() {
        engine.execute(production::lookForDisks);
    }

    /** A platform was deployed. */
    AutoCloseable addPlatform(String name, HypervisorPlatform platform) {
        platforms.add(name, platform);
        engine.execute(this::platformsChanged);
        return platform instanceof InlinePlatform inline
                ? inline.onChange(() -> engine.execute(this::platformsChanged))
                : () -> {};
    }

    /** A platform was removed. */
    void removePlatform(HypervisorPlatform platform) {
        platforms.remove(platform);
        engine.execute(this::platformsChanged);
    }

    private void platformsChanged() {
        exports.refresh(platforms.inline());
        production.uuids().forEach(production::bringUp);
    }

    @Override
    public void check(VmStrategy strategy) throws RequestException {
        boolean produces = strategy instanceof VmStrategy.Production;
        if (produces ? standby.knows(strategy.vmUuid()) : production.knows(strategy.vmUuid())) {
            throw new RequestException(
                    ErrorCode.CONFLICT,
                    "VM " + strategy.vmUuid() + " is on the other side of this gateway; remove it there first",
                    "虚拟机 " + strategy.vmUuid() + " 已在本网关配置为另一端,请先删除");
        }
        if (strategy instanceof VmStrategy.Production wanted) {
            platforms.checkSlots(wanted);
        }
    }

    @Override
    public void apply(VmStrategy strategy) throws RequestException {
        check(strategy);
        if (strategy instanceof VmStrategy.Production wanted) {
            production.accept(wanted);
            engine.execute(() -> production.bringUp(wanted.vmUuid()));
        } else if (strategy instanceof VmStrategy.Standby wanted) {
            standby.accept(wanted);
            engine.execute(() -> standby.bringUp(wanted.vmUuid()));
        }
    }

    @Override
    public ProtectionState remove(UUID vmUuid, boolean forced) throws RequestException {
        ProtectionState before = report(vmUuid).map(VmReport::state).orElse(ProtectionState.CONSISTENCY_CHECK);
        if (!forced && production.knows(vmUuid)) {
            production.awaitDrained(vmUuid, DRAIN_SECONDS);
        } else if (!forced && standby.knows(vmUuid)) {
            standby.drain(vmUuid, DRAIN_SECONDS);
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        engine.execute(() -> {
            try {
                production.remove(vmUuid);
                standby.remove(vmUuid);
                done.complete(null);
            } catch (VrgException e) {
                done.completeExceptionally(e);
            }
        });
        try {
            workers.time().await(done, TimeUnit.SECONDS.toNanos(DRAIN_SECONDS));
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            if (e instanceof InterruptedException) {
                Thread.currentThread().interrupt();
            }
            LOG.error("VM {} is not removed cleanly", vmUuid, e instanceof ExecutionException ? e.getCause() : e);
            throw new RequestException(
                    ErrorCode.UNAVAILABLE,
                    "VM " + vmUuid + " could not be removed cleanly; try again",
                    "虚拟机 " + vmUuid + " 未能完全删除,请重试");
        }
        return before;
    }

    @Override
    public Optional<VmReport> report(UUID vmUuid) {
        long now = workers.time().epochMillis();
        return production.report(vmUuid, now).or(() -> standby.report(vmUuid, now));
    }

    @Override
    public List<VmReport> reports() {
        List<UUID> uuids = new ArrayList<>(production.uuids());
        uuids.addAll(standby.uuids());
        return uuids.stream()
                .flatMap(uuid -> report(uuid).stream())
                .sorted(Comparator.comparing(VmReport::vmUuid))
                .toList();
    }

    @Override
    public Capacity capacity() {
        long total = 0;
        long used = 0;
        boolean healthy = true;
        for (VmReport report : reports()) {
            total += report.progress().journalLimitBytes();
            used += report.progress().journalUsedBytes();
        }
        for (ProductionVm vm : production.vms()) {
            healthy &= !vm.journalFailed();
        }
        for (StandbyVm vm : standby.vms()) {
            healthy &= !vm.journalFailed();
        }
        long limit = total == 0 ? settings.production().journalLimitBytes() : total;
        return new Capacity(limit, Math.max(0, limit - used), healthy);
    }

    @Override
    public void received(Lane lane, Message.OfVm message) {
        Optional<ProductionVm> producing = production.vm(message.vmUuid());
        if (producing.isPresent()) {
            producing.get().received(lane, message);
            return;
        }
        Optional<StandbyVm> standing = standby.vm(message.vmUuid());
        if (standing.isPresent()) {
            standing.get().received(lane, message);
        } else if (message instanceof Message.Attach attach) {
            lane.send(new Message.Position(
                    attach.vmUuid(),
                    Message.PositionStatus.NOT_CONFIGURED,
                    "the VM is not configured at the DR side",
                    0,
                    0,
                    0,
                    false,
                    0));
        }
    }

    @Override
    public void writable(Lane lane) {
        production.vms().forEach(ProductionVm::laneWritable);
    }

    @Override
    public void closed(Lane lane) {
        production.vms().forEach(vm -> vm.laneClosed(lane));
        standby.vms().forEach(vm -> vm.laneClosed(lane));
    }

    @Override
    public void lanesChanged() {
        production.vms().forEach(ProductionVm::lanesChanged);
    }

    @Override
    public void close() {
        timers.forEach(timer -> timer.cancel(false));
        try {
            linkSubscription.close();
        } catch (Exception e) {
            LOG.warn("The link does not let go", e);
        }
        CompletableFuture<Void> done = new CompletableFuture<>();
        engine.execute(() -> {
            production.close();
            standby.close();
            exports.close();
            done.complete(null);
        });
        workers.time().awaitDone(done, DRAIN_SECONDS, TimeUnit.SECONDS);
    }
}
