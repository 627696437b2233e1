package org.openvrg.simulator;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.replication.internal.engine.SimulatedGateway;

/** One seed: a guest that writes, things that go wrong, and in the end equality. */
final class Run {
    private static final long SETTLE_NANOS = TimeUnit.SECONDS.toNanos(240);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Sim sim;
    private final World world;
    private final Guest guest;
    private final Judge judge;
    private final Faults faults;

    Run(long seed, boolean tracing) {
        this.sim = new Sim(seed, tracing);
        this.world = new World(sim, Plan.of(sim.random));
        this.guest = new Guest(world);
        this.judge = new Judge(world, guest);
        this.faults = new Faults(world, guest, judge);
    }

    Sim sim() {
        return sim;
    }

    /** Runs to the end. */
    void go() {
        SimLoggers.use(sim);
        world.watch(judge);
        world.watch(faults);
        sim.afterEvent(judge::afterEvent);
        sim.trace(() -> "the plan: " + world.plan);
        world.startAll();
        long seconds = (long) (world.plan.seconds() * 1e9);
        faults.plan(seconds);
        sim.runUntil(sim.nowNanos() + seconds);
        sim.trace(() -> "no more faults");
        guest.stop();
        faults.stop();
        if (!settle()) {
            throw new Violation("the sides did not become equal within " + SETTLE_NANOS / 1_000_000_000
                    + " s without faults: production "
                    + world.productionGateway().flatMap(SimulatedGateway::report)
                    + ", DR " + world.standbyGateway().flatMap(SimulatedGateway::report));
        }
        world.history.checkEqual();
    }

    /** Lets go of what a run that failed has open. */
    void abandon() {
        SimLoggers.forget();
    }

    private boolean settle() {
        long until = sim.nowNanos() + SETTLE_NANOS;
        while (sim.nowNanos() < until) {
            sim.runUntil(sim.nowNanos() + LOOK_NANOS);
            if (isSettled()) {
                return true;
            }
        }
        return false;
    }

    private boolean isSettled() {
        Optional<VmReport> here = world.productionGateway().flatMap(SimulatedGateway::report);
        Optional<VmReport> there = world.standbyGateway().flatMap(SimulatedGateway::report);
        if (here.isEmpty() || there.isEmpty() || !guest.isQuiet()) {
            return false;
        }
        VmReport.Progress sent = here.get().progress();
        return here.get().state() == ProtectionState.INCREMENTAL_QUEUE
                && there.get().state() == ProtectionState.INCREMENTAL_QUEUE
                && sent.durableSequence() >= sent.lastSequence()
                && there.get().progress().appliedSequence() >= sent.lastSequence()
                && judge.claimed();
    }
}
