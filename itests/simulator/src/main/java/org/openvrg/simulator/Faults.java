package org.openvrg.simulator;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openvrg.wire.Message;

/** What goes wrong in a run, at moments drawn from its seed. */
final class Faults implements World.Watcher {
    private static final int SEGMENT_HEADER_BYTES = 64;

    private final World world;
    private final Sim sim;
    private final Guest guest;
    private final Judge judge;
    private boolean stopped;

    Faults(World world, Guest guest, Judge judge) {
        this.world = world;
        this.sim = world.sim;
        this.guest = guest;
        this.judge = judge;
    }

    /** Puts the plan's faults at moments within a time. */
    void plan(long nanos) {
        for (int i = 0; i < world.plan.faults(); i++) {
            sim.after(sim.between(0, nanos), this::strike);
        }
    }

    private List<Host> hosts() {
        return List.of(world.production, world.standby, world.agentHost);
    }

    private void strike() {
        if (stopped) {
            return;
        }
        Host host = hosts().get(sim.random.nextInt(3));
        switch (sim.random.nextInt(21)) {
            case 0, 1 -> host.kill();
            case 2, 3, 4 -> host.process().ifPresent(process -> process.killAtOperation(1 + sim.random.nextInt(60)));
            case 5, 6 -> host.losePower();
            case 7 -> crashAgain(host);
            case 8, 9 -> cut();
            case 10 -> partition();
            case 11 -> silence();
            case 12 -> badLines();
            case 13 -> moveLanes();
            case 14 -> slow(host);
            case 15 -> full(host);
            case 16 -> failing(host);
            case 17 -> flip(host);
            case 18 -> jump(host);
            case 19 -> loseVolume();
            default -> otherVersion(host);
        }
    }

    /** Down, up, and down again in the middle of the recovery. */
    private void crashAgain(Host host) {
        host.losePower();
        sim.after(millis(10, 100), () -> {
            world.start(host);
            host.process().ifPresent(process -> process.killAtOperation(1 + sim.random.nextInt(40)));
        });
        if (sim.random.nextBoolean()) {
            sim.after(millis(100, 300), host::losePower);
        }
    }

    private long millis(long least, long most) {
        return TimeUnit.MILLISECONDS.toNanos(sim.between(least, most));
    }

    private void cut() {
        List<SimConnection> standing = world.network.standing();
        if (!standing.isEmpty()) {
            SimConnection chosen = standing.get(sim.random.nextInt(standing.size()));
            long bytes = sim.oneIn(3) ? 0 : sim.random.nextInt(30_000);
            sim.trace(() -> "a connection is cut after " + bytes + " bytes");
            chosen.cutAfter(bytes);
        }
    }

    private void partition() {
        sim.trace(() -> "the network is down");
        world.network.down(true);
        world.network.standing().forEach(connection -> connection.cutAfter(0));
        sim.after(millis(100, 3000), () -> {
            sim.trace(() -> "the network is up");
            world.network.down(false);
        });
    }

    /** A connection stays open at both ends, and nothing comes through. */
    private void silence() {
        List<SimConnection> standing = world.network.standing();
        if (!standing.isEmpty()) {
            sim.trace(() -> "a connection goes silent");
            boolean there = sim.random.nextBoolean();
            standing.get(sim.random.nextInt(standing.size())).silence(there, !there || sim.random.nextBoolean());
        }
    }

    /** For a while frames are late, come twice, or with a wrong bit. */
    private void badLines() {
        sim.trace(() -> "bad lines");
        world.network.mostDelayMillis(sim.between(2, 200));
        world.network.duplicateOneIn(sim.oneIn(2) ? 0 : (int) sim.between(4, 40));
        world.network.flipOneIn(sim.oneIn(2) ? 0 : (int) sim.between(20, 200));
        sim.after(millis(200, 2000), world.network::heal);
    }

    private void moveLanes() {
        world.productionLink().ifPresent(SimLink::moveLanes);
    }

    private void slow(Host host) {
        long most = sim.between(1, 400);
        sim.trace(() -> "the disk of " + host + " takes up to " + most + " ms");
        host.slow(most, sim.between(50, 1500));
    }

    private void full(Host host) {
        sim.trace(() -> "the disk of " + host + " is full");
        host.disk.limit(host.disk.usedBytes() + sim.random.nextInt(20_000));
        guest.exempt(true);
        sim.after(millis(100, 2000), () -> {
            sim.trace(() -> "the disk of " + host + " has room");
            host.disk.limit(Long.MAX_VALUE);
        });
    }

    private void failing(Host host) {
        int times = (int) sim.between(1, 40);
        sim.trace(() -> "the disk of " + host + " fails one access in " + times);
        host.failOneIn(times);
        guest.exempt(true);
        sim.after(millis(50, 1000), () -> {
            sim.trace(() -> "the disk of " + host + " is well");
            host.failOneIn(0);
        });
    }

    private void flip(Host host) {
        List<String> segments = host.disk.files(path -> path.endsWith(".open") || path.endsWith(".seg"));
        if (!segments.isEmpty()) {
            String file = segments.get(sim.random.nextInt(segments.size()));
            if (host.disk.flipBit(file, sim.oneIn(8) ? 0 : SEGMENT_HEADER_BYTES, sim.random)) {
                sim.trace(() -> "a bit of " + file + " flips");
                judge.damaged(host);
            }
        }
    }

    private void jump(Host host) {
        long millis = sim.between(-3_600_000, 3_600_000);
        sim.trace(() -> "the clock of " + host + " jumps by " + millis + " ms");
        host.clock.jump(millis);
    }

    /** A standby volume is lost while its host is down, and an empty one without an owner takes its place. */
    private void loseVolume() {
        int volume = sim.random.nextInt(world.volumes.size());
        if (sim.random.nextBoolean()) {
            world.agentHost.losePower();
        } else {
            world.agentHost.kill();
        }
        if (world.agentHost.process().isEmpty()) {
            sim.trace(() -> "standby volume " + volume + " is lost");
            world.loseStandbyVolume(volume);
            judge.volumeLost();
        }
    }

    /** A process comes back with another version of the protocol, and later with the right one. */
    private void otherVersion(Host host) {
        int version = sim.random.nextBoolean() ? 2 : 0;
        host.kill();
        sim.after(millis(5, 10), () -> {
            world.start(host);
            host.process().ifPresent(process -> {
                sim.trace(() -> process + " speaks version " + version);
                process.wireVersion(version);
                sim.after(millis(200, 1500), process, Pool.WORLD, host::kill);
            });
        });
    }

    @Override
    public void died(Host host, SimProcess process, boolean withMachine) {
        sim.after(millis(10, sim.oneIn(4) ? 3000 : 400), () -> world.start(host));
    }

    @Override
    public void productionStarts() {
        // nothing to spoil
    }

    @Override
    public void arrived(Message.OfVm message) {
        // the network spoils what it spoils
    }

    /** From here on all goes well. */
    void stop() {
        stopped = true;
        world.network.heal();
        world.network.down(false);
        hosts().forEach(host -> {
            host.disk.limit(Long.MAX_VALUE);
            host.failOneIn(0);
            host.slow(0, 0);
            host.process().ifPresent(process -> {
                process.killAtOperation(-1);
                if (process.wireVersion() != 1) {
                    host.kill();
                }
            });
            world.start(host);
        });
    }
}
