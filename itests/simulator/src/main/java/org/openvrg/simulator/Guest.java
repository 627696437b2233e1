package org.openvrg.simulator;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.WritePayload;

/** The VM: writes, zeroes and flushes through the exports, several at a time, in bursts. */
final class Guest {
    private static final int MOST_UNDER_WAY = 8;
    private static final int MOST_CELLS = 32;

    /** What the way of a write takes beside the journal: the pools' threads begin late, writes queue. */
    private static final long SLACK_NANOS = TimeUnit.MILLISECONDS.toNanos(30);

    private final World world;
    private final Sim sim;
    private final List<History.Write> underWay = new ArrayList<>();
    private boolean stopped;
    private int life;
    private long pauseMicros = 2_000;
    private boolean exempt;

    Guest(World world) {
        this.world = world;
        this.sim = world.sim;
        sim.after(0, this::act);
    }

    void stop() {
        stopped = true;
    }

    /** Whether every write was answered. */
    boolean isQuiet() {
        return underWay.isEmpty();
    }

    /** Writes of a time in which the VM is put together anew may wait for that. */
    void exempt(boolean now) {
        exempt = now;
    }

    /** The connection to the exports is gone: nothing more is answered. */
    void disconnected() {
        life++;
        underWay.clear();
    }

    private void act() {
        if (stopped) {
            return;
        }
        if (sim.oneIn(60)) {
            pauseMicros = 100L << sim.random.nextInt(9);
        }
        if (underWay.size() < MOST_UNDER_WAY && world.history.size() < world.plan.writes()) {
            int volume = sim.random.nextInt(world.volumes.size());
            Optional<BlockExport> export = world.productionGateway()
                    .flatMap(to -> to.export(world.volumes.get(volume).value()));
            export.ifPresent(to -> write(volume, to));
        }
        sim.after(TimeUnit.MICROSECONDS.toNanos(sim.between(1, pauseMicros * 2)), this::act);
    }

    private void write(int volume, BlockExport export) {
        if (sim.oneIn(20)) {
            flush(export);
            return;
        }
        int size = world.productionCells[volume].cache.length;
        int cells = 1 + sim.random.nextInt(sim.oneIn(8) ? MOST_CELLS : 6);
        int range = sim.oneIn(3) ? Math.min(size, 64) : size; // a part of the disk is hot
        int cell = sim.random.nextInt(Math.max(1, range - cells));
        cells = Math.min(cells, size - cell);
        boolean zero = sim.oneIn(12);
        History.Write write = world.history.begin(volume, cell, cells, zero);
        underWay.add(write);
        sim.trace(() -> "guest: " + write);
        long since = sim.nowNanos();
        long offset = (long) cell * Cells.CELL_BYTES;
        boolean forceUnitAccess = sim.oneIn(25);
        Payload payload = new Payload(ByteBuffer.wrap(write.bytes()).asReadOnlyBuffer());
        CompletionStage<Void> answer = zero
                ? export.zero(offset, (long) cells * Cells.CELL_BYTES, sim.random.nextBoolean(), forceUnitAccess)
                : export.write(offset, payload, forceUnitAccess);
        int mine = life;
        answer.whenComplete((ok, failure) -> {
            if (mine != life) {
                return;
            }
            underWay.remove(write);
            if (failure != null) {
                throw sim.fail(new Violation("the guest got an I/O error for " + write, failure));
            }
            write.acknowledged = true;
            sim.trace(() -> "guest: answered " + write);
            if (forceUnitAccess) {
                write.flushed = true;
            }
            if (!zero && payload.released > 1) {
                throw sim.fail(new Violation("a payload was given back twice"));
            }
            checkLatency(write, sim.nowNanos() - since, forceUnitAccess);
        });
    }

    private void checkLatency(History.Write write, long nanos, boolean forceUnitAccess) {
        long bound = TimeUnit.MILLISECONDS.toNanos(world.plan.maxLatencyMillis()) * 5 / 4 + SLACK_NANOS;
        if (!exempt && !forceUnitAccess && nanos > bound) {
            throw sim.fail(new Violation(write + " was acknowledged after " + nanos / 1_000_000 + " ms, the bound is "
                    + bound / 1_000_000 + " ms"));
        }
    }

    private void flush(BlockExport export) {
        // a flush covers all that was answered before it was sent
        List<History.Write> covered = world.history.acknowledgedUnflushed();
        int mine = life;
        sim.trace(() -> "guest: flush of " + covered.size() + " writes");
        export.flush().whenComplete((ok, failure) -> {
            if (mine != life) {
                return;
            }
            if (failure != null) {
                throw sim.fail(new Violation("the guest got an I/O error for a flush", failure));
            }
            covered.forEach(write -> write.flushed = true);
            sim.trace(() -> "guest: flushed " + covered.size() + " writes");
        });
    }

    private static final class Payload implements WritePayload {
        private final ByteBuffer bytes;
        private int released;

        Payload(ByteBuffer bytes) {
            this.bytes = bytes;
        }

        @Override
        public ByteBuffer bytes() {
            if (released > 0) {
                throw new Violation("a payload is used after it was given back");
            }
            return bytes.duplicate();
        }

        @Override
        public void release() {
            released++;
        }
    }
}
