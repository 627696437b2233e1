package org.openvrg.replication.internal.production;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.openvrg.api.block.BlockHash;
import org.openvrg.api.model.VmReport;
import org.openvrg.wire.Message;

/**
 * Looks, while a VM is in its queue and nothing waits, whether its volumes still equal their standbys: block by block,
 * by hash, over and over, as slowly as the {@link ScrubBudget} wants it.
 *
 * <p>A look at some blocks notes the newest record of the journal, waits until the DR side has applied it, and then has
 * both sides hash. Blocks that the guest wrote to meanwhile are left out: {@link ReadTracker} knows them. So the hashes
 * of all others describe the same history, and must be equal. Blocks that are not are looked at once more before they
 * count as different.
 *
 * <p>Confined to the VM's actor; hashes are made on a pool and come back through it. One look at a time.
 */
final class Scrubber {
    /** Blocks of one look: 4 MiB of 64 KiB blocks. */
    static final int LOOK_BLOCKS = 64;

    /** Ticks of the VM's timer after which an answer counts as lost. */
    private static final int LOOK_TICKS = 15;

    /** Looks between two times that the position is kept: 1 GiB. */
    private static final int LOOKS_PER_SAVE = 256;

    /** What the scrubber needs of its VM. */
    interface Host {
        /** Whether the VM is attached and in its queue, every write going to the journal. */
        boolean inQueue();

        /** Whether hardly anything waits for the DR side. */
        boolean idle();

        /** Newest record of the journal. */
        long lastSequence();

        /** Newest record that stands on the standby volumes. */
        long appliedSequence();

        /** Sends a message on the VM's lane. */
        void send(Message message);

        /** Blocks of a volume differ, seen twice; ends the queue. */
        void differs(ProtectedVolume volume, List<Long> blocks);
    }

    private static final class Look {
        final ProtectedVolume volume;
        final long firstBlock;
        final int blocks;
        final ReadTracker.Read race;
        final long barrierSequence;
        final boolean second;
        long request;
        Optional<byte[]> local = Optional.empty();
        Optional<byte[]> remote = Optional.empty();
        int age;

        Look(ProtectedVolume volume, long firstBlock, int blocks, LongSupplier lastSequence, boolean second) {
            this.volume = volume;
            this.firstBlock = firstBlock;
            this.blocks = blocks;
            this.race = volume.reads.begin(startBytes(), endBytes() - startBytes());
            this.barrierSequence = lastSequence.getAsLong(); // after the race began: earlier writes are at most this
            this.second = second;
        }

        final long startBytes() {
            return firstBlock * volume.dirty.blockBytes();
        }

        final long endBytes() {
            return Math.min((firstBlock + blocks) * volume.dirty.blockBytes(), volume.sizeBytes());
        }
    }

    private final UUID vmUuid;
    private final List<ProtectedVolume> volumes;
    private final ScrubFile file;
    private final ScrubBudget budget;
    private final Executor actor;
    private final Executor readPool;
    private final Executor savePool;
    private final LongSupplier clock;
    private final Host host;
    private final long totalBytes;

    private Optional<Look> look = Optional.empty();
    private long nextRequest;
    private int looksSinceSave;
    private volatile ScrubFile.Position at;

    /**
     * Goes on where the last life of the VM was.
     *
     * @param clock milliseconds since 1970
     */
    Scrubber(
            UUID vmUuid,
            List<ProtectedVolume> volumes,
            ScrubFile file,
            ScrubBudget budget,
            Executor actor,
            Executor readPool,
            Executor savePool,
            LongSupplier clock,
            Host host) {
        this.vmUuid = vmUuid;
        this.volumes = volumes;
        this.file = file;
        this.budget = budget;
        this.actor = actor;
        this.readPool = readPool;
        this.savePool = savePool;
        this.clock = clock;
        this.host = host;
        this.totalBytes = volumes.stream().mapToLong(ProtectedVolume::sizeBytes).sum();
        this.at = file.load();
    }

    /** For reports; any thread. */
    VmReport.Scrub report() {
        ScrubFile.Position now = at;
        long done = 0;
        for (int i = 0; i < Math.min(now.volume(), volumes.size()); i++) {
            done += volumes.get(i).sizeBytes();
        }
        if (now.volume() < volumes.size()) {
            ProtectedVolume volume = volumes.get(now.volume());
            done += Math.min(now.block() * volume.dirty.blockBytes(), volume.sizeBytes());
        }
        return new VmReport.Scrub(done, totalBytes, now.lastPassEpochMillis(), now.differentBlocks());
    }

    /** Once in a while. */
    void tick() {
        look.ifPresent(open -> {
            if (++open.age > LOOK_TICKS) {
                leave();
            }
        });
        advance();
    }

    /** Something came from the DR side, or a hash was made. */
    void advance() {
        if (!host.inQueue()) {
            leave();
            return;
        }
        if (look.isEmpty() && !volumes.isEmpty() && host.idle()) {
            begin();
        }
        look.ifPresent(this::ask);
    }

    /** The DR side is gone, or the VM leaves its queue: what is under way means nothing any more. */
    void leave() {
        look.ifPresent(open -> open.race.cancel());
        look = Optional.empty();
    }

    private void begin() {
        ScrubFile.Position from = at.volume() < volumes.size() ? at : at.at(0, 0);
        ProtectedVolume volume = volumes.get(from.volume());
        long left = volume.dirty.blockCount() - from.block();
        if (left <= 0) {
            turn(from);
            return;
        }
        int blocks = (int) Math.min(LOOK_BLOCKS, left);
        if (budget.tryTake((long) blocks * volume.dirty.blockBytes())) {
            at = from;
            look = Optional.of(new Look(volume, from.block(), blocks, host::lastSequence, false));
        }
    }

    /** Goes to the next volume, or ends the pass. */
    private void turn(ScrubFile.Position from) {
        boolean passEnds = from.volume() + 1 >= volumes.size();
        at = passEnds ? from.passEnded(clock.getAsLong()) : from.at(from.volume() + 1, 0);
        save();
    }

    private void ask(Look open) {
        if (open.request != 0 || host.appliedSequence() < open.barrierSequence) {
            return;
        }
        open.request = --nextRequest; // negative: the numbers above zero are the resync's
        host.send(new Message.HashRequest(
                vmUuid, open.request, open.volume.key, open.startBytes(), open.volume.dirty.blockBytes(), open.blocks));
        readPool.execute(() -> {
            byte[] hashes =
                    VolumeHasher.hash(open.volume, open.firstBlock, open.blocks).orElse(new byte[0]);
            actor.execute(() -> {
                open.local = Optional.of(hashes);
                settle(open);
            });
        });
    }

    /** The DR side's fingerprints; those of a look that was left are heeded no more. */
    void hashReply(Message.HashReply reply) {
        look.filter(open -> open.request == reply.requestId()).ifPresent(open -> {
            open.remote = Optional.of(reply.hashes());
            settle(open);
        });
    }

    private void settle(Look open) {
        if (look.isEmpty() || look.get() != open || open.local.isEmpty() || open.remote.isEmpty()) {
            return;
        }
        look = Optional.empty();
        List<RangeSet.Range> unraced = open.race.finish();
        int expected = open.blocks * BlockHash.LENGTH_BYTES;
        byte[] local = open.local.get();
        byte[] remote = open.remote.get();
        if (local.length != expected || remote.length != expected || !host.inQueue()) {
            return; // one side can't read now, or history broke: the same blocks again, when there is budget
        }
        List<Long> different = new ArrayList<>();
        for (int i = 0; i < open.blocks; i++) {
            if (!VolumeHasher.equalAt(local, remote, i) && wasQuiet(open, i, unraced)) {
                different.add(open.firstBlock + i);
            }
        }
        if (different.isEmpty()) {
            passed(open);
        } else if (!open.second) {
            look = Optional.of(new Look(open.volume, open.firstBlock, open.blocks, host::lastSequence, true));
        } else {
            at = at.withDifferences(different.size());
            passed(open);
            host.differs(open.volume, different);
        }
        advance();
    }

    private static boolean wasQuiet(Look open, int block, List<RangeSet.Range> unraced) {
        long start = open.startBytes() + (long) block * open.volume.dirty.blockBytes();
        long end = Math.min(start + open.volume.dirty.blockBytes(), open.volume.sizeBytes());
        return unraced.stream().anyMatch(range -> range.startBytes() <= start && end <= range.endBytes());
    }

    private void passed(Look open) {
        at = at.at(at.volume(), open.firstBlock + open.blocks);
        if (at.block() >= open.volume.dirty.blockCount()) {
            turn(at);
        } else if (++looksSinceSave >= LOOKS_PER_SAVE) {
            save();
        }
    }

    private void save() {
        looksSinceSave = 0;
        ScrubFile.Position position = at;
        savePool.execute(() -> file.store(position));
    }
}
