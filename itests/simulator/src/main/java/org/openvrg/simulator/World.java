package org.openvrg.simulator;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.StandbyDisk;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.InlinePlatform;
import org.openvrg.api.platform.PlatformCapability;
import org.openvrg.api.service.AlarmService;
import org.openvrg.replication.internal.engine.SimulatedGateway;
import org.openvrg.replication.internal.production.ProductionSettings;
import org.openvrg.replication.internal.standby.StandbySettings;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.Message;
import org.openvrg.writeagent.internal.SimulatedAgent;

/** Three machines: production gateway with the guest's disks, DR gateway, DR host with the writeagent. One VM. */
final class World {
    static final UUID VM = UUID.fromString("11111111-2222-3333-4444-555555555555");
    private static final UUID PRODUCTION_UUID = new UUID(1, 1);
    private static final UUID STANDBY_UUID = new UUID(2, 2);

    final Sim sim;
    final Plan plan;
    final SimNetwork network;
    final Host production;
    final Host standby;
    final Host agentHost;
    final History history;
    final List<VolumeId> volumes = new ArrayList<>();
    final Cells[] productionCells;
    final Cells[] standbyCells;
    final SimStorage storage = new SimStorage();
    final Alarms alarms = new Alarms();
    private final List<Watcher> watchers = new ArrayList<>();
    private Optional<SimulatedGateway> productionGateway = Optional.empty();
    private Optional<SimulatedGateway> standbyGateway = Optional.empty();
    private Optional<SimulatedAgent> agent = Optional.empty();
    private Optional<SimLink> standbyLink = Optional.empty();
    private Optional<SimLink> productionLink = Optional.empty();
    private boolean judging;
    private boolean standbyWanted = true;

    /** Who hears of lives and deaths. */
    interface Watcher {
        /** A process ended. */
        void died(Host host, SimProcess process, boolean withMachine);

        /** The production gateway begins to stand. */
        void productionStarts();

        /** The production gateway is about to get a message of its peer. */
        void arrived(Message.OfVm message);
    }

    World(Sim sim, Plan plan) {
        this.sim = sim;
        this.plan = plan;
        this.network = new SimNetwork(sim);
        productionCells = new Cells[plan.volumeCells().length];
        standbyCells = new Cells[plan.volumeCells().length];
        for (int i = 0; i < productionCells.length; i++) {
            volumes.add(new VolumeId("vol-" + i));
            productionCells[i] = new Cells(plan.volumeCells()[i]);
            standbyCells[i] = new Cells(plan.volumeCells()[i] + sim.random.nextInt(2) * 8);
            seed(productionCells[i]);
            if (plan.preseeded()) {
                System.arraycopy(productionCells[i].cache, 0, standbyCells[i].cache, 0, plan.volumeCells()[i]);
                standbyCells[i].flush();
            }
            storage.add("url-" + i, standbyCells[i]);
        }
        production = new Host(this, "production", List.of(productionCells));
        standby = new Host(this, "standby", List.of());
        agentHost = new Host(this, "agent", List.of(standbyCells));
        history = new History(productionCells, standbyCells);
    }

    /** What stood there before the VM was protected; the ids are above those of all writes. */
    private void seed(Cells cells) {
        for (int i = 0; i < 4; i++) {
            int cell = sim.random.nextInt(cells.cache.length);
            int count = Math.min(cells.cache.length - cell, 1 + sim.random.nextInt(64));
            cells.write(
                    (long) cell * Cells.CELL_BYTES,
                    java.nio.ByteBuffer.wrap(Cells.bytes(1_000_000_000L + i, cell, count)));
        }
        cells.flush();
    }

    void watch(Watcher watcher) {
        watchers.add(watcher);
    }

    Optional<SimulatedGateway> productionGateway() {
        return production.process().isPresent() ? productionGateway : Optional.empty();
    }

    Optional<SimulatedGateway> standbyGateway() {
        return standby.process().isPresent() ? standbyGateway : Optional.empty();
    }

    Optional<SimLink> productionLink() {
        return production.process().isPresent() ? productionLink : Optional.empty();
    }

    /** Whether the judge looks, who leaves no trace. */
    boolean judging() {
        return judging;
    }

    <T> T judge(java.util.function.Supplier<T> look) {
        boolean before = judging;
        judging = true;
        try {
            return look.get();
        } finally {
            judging = before;
        }
    }

    /** A process is gone. */
    void died(Host host, SimProcess process, boolean withMachine) {
        network.processDied(process, withMachine);
        watchers.forEach(watcher -> watcher.died(host, process, withMachine));
    }

    void startAll() {
        start(agentHost);
        start(standby);
        start(production);
    }

    /** Starts the process of a machine, unless it runs; a start that fails is tried again. */
    void start(Host host) {
        if (host.process().isPresent() || (host == standby && !standbyWanted)) {
            return;
        }
        SimProcess process = host.start();
        if (host == production) {
            productionGateway = Optional.empty();
        } else if (host == standby) {
            standbyGateway = Optional.empty();
        } else {
            agent = Optional.empty();
        }
        sim.trace(() -> "start " + process);
        sim.after(0, process, Pool.WORK, () -> {
            try {
                if (host == production) {
                    startProduction(process);
                } else if (host == standby) {
                    startStandby(process);
                } else {
                    startAgent(process);
                }
            } catch (VrgException | IOException e) {
                sim.trace(() -> process + " does not start: " + e.getMessage());
                host.kill();
                sim.after(TimeUnit.SECONDS.toNanos(2), () -> start(host));
            }
        });
    }

    private ProductionSettings productionSettings(Host host, SimProcess process) {
        return new ProductionSettings(
                host.folder(process, "/vrg/production"),
                host.liveFolder(process, "/vrg"),
                plan.segmentBytes(),
                plan.journalLimitBytes(),
                plan.maxLatencyMillis(),
                plan.scrubBytesPerSecond(),
                host.bootId());
    }

    private StandbySettings standbySettings(Host host, SimProcess process, UUID owner) {
        return new StandbySettings(
                host.folder(process, "/vrg/standby"), plan.segmentBytes(), plan.standbyLimitBytes(), owner);
    }

    private void startProduction(SimProcess process) throws VrgException {
        SimLink link = new SimLink(
                sim,
                network,
                process,
                PRODUCTION_UUID,
                "production",
                "standby",
                message -> watchers.forEach(watcher -> watcher.arrived(message)));
        SimulatedGateway gateway = new SimulatedGateway(
                productionSettings(production, process),
                standbySettings(production, process, PRODUCTION_UUID),
                VM,
                process.workers(),
                link,
                new SimAgents(sim, network, process, PRODUCTION_UUID, (from, listener) -> Optional.empty()),
                alarms);
        productionGateway = Optional.of(gateway);
        productionLink = Optional.of(link);
        watchers.forEach(Watcher::productionStarts);
        gateway.apply(new VmStrategy.Production(
                VM,
                Optional.empty(),
                Optional.empty(),
                true,
                plan.compress(),
                volumes.stream()
                        .map(volume -> new ProductionDisk(volume, OptionalInt.empty()))
                        .toList()));
        gateway.addPlatform(new SimPlatform(process));
        for (int i = 0; i < plan.lanes(); i++) {
            link.dial(() -> standby.process().isPresent() ? standbyLink : Optional.empty());
        }
    }

    private void startStandby(SimProcess process) throws VrgException {
        SimLink link = new SimLink(sim, network, process, STANDBY_UUID, "standby", "production", message -> {});
        SimulatedGateway gateway = new SimulatedGateway(
                productionSettings(standby, process),
                standbySettings(standby, process, STANDBY_UUID),
                VM,
                process.workers(),
                link,
                new SimAgents(sim, network, process, STANDBY_UUID, this::connectAgent),
                alarms);
        standbyGateway = Optional.of(gateway);
        standbyLink = Optional.of(link);
        gateway.apply(new VmStrategy.Standby(
                VM,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                "127.0.0.1",
                7100,
                volumes.stream()
                        .map(volume -> new StandbyDisk(
                                volume,
                                "url-" + volumes.indexOf(volume),
                                Optional.empty(),
                                "SIM",
                                OptionalInt.empty(),
                                Map.of()))
                        .toList()));
    }

    private void startAgent(SimProcess process) throws IOException {
        SimulatedAgent fresh = new SimulatedAgent(
                agentHost.folder(process, "/vrg/agent"),
                agentHost.bootId(),
                VM,
                "standby",
                process.pool(Pool.WORK, 2_000, 200_000),
                process.pool(Pool.WORK, 2_000, 400_000),
                storage.provider(process));
        agent = Optional.of(fresh);
        tickAgent(process, fresh);
    }

    private void tickAgent(SimProcess process, SimulatedAgent of) {
        sim.after(TimeUnit.SECONDS.toNanos(1), process, Pool.TIMER, () -> {
            of.tick();
            tickAgent(process, of);
        });
    }

    private Optional<SimConnection> connectAgent(SimProcess from, LaneListener listener) {
        Optional<SimProcess> there = agentHost.process();
        if (there.isEmpty() || agent.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                network.connect(from, there.get(), listener, agent.get().listener(), "standby", "agent"));
    }

    /** Newest entry that the writeagent has carried out, as far as it knows. */
    OptionalLong agentApplied() {
        return agent.flatMap(SimulatedAgent::appliedIndex).map(OptionalLong::of).orElse(OptionalLong.empty());
    }

    /** The DR gateway does not come back any more. */
    void withoutStandby() {
        standbyWanted = false;
    }

    private final class SimPlatform implements InlinePlatform {
        private final SimProcess process;

        SimPlatform(SimProcess process) {
            this.process = process;
        }

        @Override
        public Set<PlatformCapability> capabilities() {
            return Set.of();
        }

        @Override
        public boolean hosts(DiskRef disk) {
            return volumes.contains(disk.volume());
        }

        @Override
        public void checkSlot(OptionalInt slot) {
            // every slot is fine
        }

        @Override
        public String deviceName(int slot) {
            return "vd" + slot;
        }

        @Override
        public BlockVolume open(DiskRef disk) {
            return new SimVolume(process, productionCells[volumes.indexOf(disk.volume())], () -> true, false, () -> {});
        }

        @Override
        public List<VolumeId> volumes() {
            return List.copyOf(volumes);
        }

        @Override
        public AutoCloseable onChange(Runnable listener) {
            return () -> {};
        }
    }

    /** The alarms that stand. */
    final class Alarms implements AlarmService {
        private final Map<Kind, String> raised = new TreeMap<>();

        @Override
        public void raise(Kind kind, String subject, String text) {
            if (raised.put(kind, text) == null) {
                sim.trace(() -> "alarm " + kind + ": " + text);
            }
        }

        @Override
        public void clear(Kind kind, String subject) {
            if (raised.remove(kind) != null) {
                sim.trace(() -> "alarm " + kind + " is over");
            }
        }

        boolean isRaised(Kind kind) {
            return raised.containsKey(kind);
        }
    }

    /** An empty volume takes the place of a standby volume, whose host is down. */
    void loseStandbyVolume(int volume) {
        storage.lose("url-" + volume);
    }
}
