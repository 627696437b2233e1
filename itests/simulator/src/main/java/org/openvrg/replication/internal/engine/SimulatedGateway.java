package org.openvrg.replication.internal.engine;

import java.util.Optional;
import java.util.UUID;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.platform.HypervisorPlatform;
import org.openvrg.api.service.AlarmService;
import org.openvrg.link.PeerLink;
import org.openvrg.replication.internal.Workers;
import org.openvrg.replication.internal.production.ProductionSettings;
import org.openvrg.replication.internal.production.ProductionView;
import org.openvrg.replication.internal.production.ProductionVm;
import org.openvrg.replication.internal.standby.Agents;
import org.openvrg.replication.internal.standby.StandbySettings;
import org.openvrg.replication.internal.standby.StandbyView;
import org.openvrg.replication.internal.standby.StandbyVm;
import org.openvrg.simulator.Peek;

/** The real engine of a gateway with one VM, and what the judge looks at. */
public final class SimulatedGateway {
    private final ReplicationEngine engine;
    private final ProductionSide production;
    private final StandbySide standby;
    private final UUID vmUuid;

    /** Starts it with nothing protected. */
    public SimulatedGateway(
            ProductionSettings production,
            StandbySettings standby,
            UUID vmUuid,
            Workers workers,
            PeerLink link,
            Agents agents,
            AlarmService alarms)
            throws VrgException {
        this.vmUuid = vmUuid;
        this.engine = new ReplicationEngine(
                new ReplicationEngine.EngineSettings(production, standby),
                workers,
                link,
                agents,
                alarms,
                Optional::empty);
        this.production = Peek.at(engine, "production", ProductionSide.class);
        this.standby = Peek.at(engine, "standby", StandbySide.class);
    }

    /** Takes a strategy. */
    public void apply(VmStrategy strategy) throws RequestException {
        engine.apply(strategy);
    }

    /** Deploys a platform. */
    public void addPlatform(HypervisorPlatform platform) {
        engine.addPlatform("inline", platform);
    }

    /** The export of a volume, when clients see it. */
    public Optional<BlockExport> export(String volume) {
        return engine.exports().find(volume);
    }

    /** What the gateway tells of the VM. */
    public Optional<VmReport> report() {
        return engine.report(vmUuid);
    }

    /** Removes the VM; blocks in simulated time. */
    public void remove(boolean forced) throws RequestException {
        engine.remove(vmUuid, forced);
    }

    /** Stops in good order; blocks in simulated time. */
    public void stop() {
        engine.close();
    }

    /** The VM when it is protected here and stands. */
    public Optional<ProductionView> production() {
        Optional<ProductionVm> vm = production.vm(vmUuid);
        return vm.map(ProductionView::new);
    }

    /** The VM when its standby volumes are here. */
    public Optional<StandbyView> standby() {
        Optional<StandbyVm> vm = standby.vm(vmUuid);
        return vm.map(StandbyView::new);
    }
}
