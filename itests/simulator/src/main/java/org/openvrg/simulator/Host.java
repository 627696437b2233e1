package org.openvrg.simulator;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openvrg.simulator.disk.Disk;
import org.openvrg.simulator.disk.Machine;
import org.openvrg.simulator.disk.SimFileSystem;

/** A machine with its disk, its clock, volumes, and at most one living process of ours. */
final class Host {
    private final World world;
    private final Sim sim;
    private final String name;
    final Disk disk = new Disk();
    /** Files in the machine's memory: a kill leaves them, a power loss does not. */
    private Disk memory = new Disk();

    final SimProcess.Clock clock = new SimProcess.Clock();
    private final List<Cells> volumes;
    private UUID bootId;
    private Optional<SimProcess> process = Optional.empty();
    private int lives;
    private long slowUntilNanos;
    private long mostSlowNanos;
    private int failOneIn;

    Host(World world, String name, List<Cells> volumes) {
        this.world = world;
        this.sim = world.sim;
        this.name = name;
        this.volumes = volumes;
        this.bootId = new UUID(sim.random.nextLong(), sim.random.nextLong());
    }

    UUID bootId() {
        return bootId;
    }

    Optional<SimProcess> process() {
        return process.filter(SimProcess::alive);
    }

    /** Begins a new life. */
    SimProcess start() {
        SimProcess fresh = new SimProcess(
                sim, name + "-" + ++lives, clock, () -> process.ifPresent(of -> world.died(this, of, false)));
        process = Optional.of(fresh);
        return fresh;
    }

    /** A folder of the disk as a process sees it. */
    Path folder(SimProcess of, String path) {
        return new SimFileSystem(disk, new Accesses(of, false)).getPath(path);
    }

    /** A folder in the machine's memory as a process sees it. */
    Path liveFolder(SimProcess of, String path) {
        return new SimFileSystem(memory, new Accesses(of, true)).getPath(path);
    }

    /** The process ends as by kill -9: the page cache stays. */
    void kill() {
        process().ifPresent(living -> {
            sim.trace(() -> "kill " + living);
            living.kill();
            world.died(this, living, false);
        });
    }

    /** The machine goes down and comes up again, without its process. */
    void losePower() {
        sim.trace(() -> "power loss of " + name);
        process.ifPresent(last -> {
            last.kill();
            world.died(this, last, true);
        });
        disk.losePower(sim.random);
        memory = new Disk();
        sim.trace(() -> name + " keeps " + disk.files(path -> true));
        volumes.forEach(volume -> volume.losePower(sim.random));
        bootId = new UUID(sim.random.nextLong(), sim.random.nextLong());
        slowUntilNanos = 0;
    }

    /** Syncs and journal writes take up to so long for a while. */
    void slow(long mostMillis, long forMillis) {
        mostSlowNanos = TimeUnit.MILLISECONDS.toNanos(mostMillis);
        slowUntilNanos = sim.nowNanos() + TimeUnit.MILLISECONDS.toNanos(forMillis);
    }

    /** One write or sync in so many fails; 0 for none. */
    void failOneIn(int times) {
        failOneIn = times;
    }

    @Override
    public String toString() {
        return name;
    }

    private final class Accesses implements Machine {
        private final SimProcess of;
        private final boolean inMemory;

        Accesses(SimProcess of, boolean inMemory) {
            this.of = of;
            this.inMemory = inMemory;
        }

        @Override
        public boolean before(Access access, String file) throws IOException {
            if (world.judging()) {
                return false;
            }
            boolean dying = of.dyingOperation();
            if (inMemory) {
                return dying; // never slow, full or failing
            }
            boolean writes = access == Access.WRITE || access == Access.SYNC;
            if (writes && failOneIn > 0 && sim.oneIn(failOneIn)) {
                sim.trace(() -> of + ": " + access + " of " + file + " fails");
                throw new IOException("Input/output error");
            }
            if (sim.nowNanos() < slowUntilNanos && mayBlock(access, file)) {
                sim.block(of, sim.between(0, mostSlowNanos));
            }
            return dying;
        }

        /** Where a blocked thread holds no lock that what runs beside it would take; see {@link Pool}. */
        private boolean mayBlock(Access access, String file) {
            return switch (sim.currentPool()) {
                case INGEST -> access == Access.WRITE || access == Access.SYNC;
                case WORK -> access == Access.SYNC && file.contains("/journal");
                case TIMER, NETWORK, WORLD -> false;
            };
        }

        @Override
        public void die() {
            of.die();
        }

        @Override
        public boolean alive() {
            return of.alive();
        }
    }
}
