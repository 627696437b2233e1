package org.openvrg.replication.internal.production;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.openvrg.api.block.BlockHash;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.wire.Message;
import org.openvrg.wire.RecordBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies the marked blocks of a VM to the DR side, with a comparison by hash first where asked for. A mark is removed
 * once its block was found equal or its copy is durable at the DR side, so that a copy that was broken off goes on with
 * what is left.
 *
 * <p>Confined to the VM's actor; reads and hashes run on a pool and come back through the actor. Bounded: requests
 * under way, bytes read ahead of the lane for this VM, and over all VMs by a shared budget.
 */
final class ResyncCopier {
    private static final Logger LOG = LoggerFactory.getLogger(ResyncCopier.class);

    /** Blocks of one comparison: 4 MiB of 64 KiB blocks. */
    private static final int COMPARE_BLOCKS = 64;

    /** Comparisons under way. */
    private static final int MAX_COMPARISONS = 4;

    /** Ticks of the VM's timer after which an answer counts as lost, because the agent went away. */
    private static final int COMPARISON_TICKS = 15;

    /** Bytes of one read of blocks to be copied. */
    private static final int READ_BYTES = StreamRecord.MAX_PAYLOAD_BYTES;

    /** Reads under way or waiting for the lane. */
    private static final int MAX_READS = 4;

    /** Frames sent and not yet durable. */
    private static final int MAX_FRAMES = 64;

    /** Runs of blocks found different and waiting for their copy. */
    private static final int MAX_WAITING_RUNS = 4096;

    /** Pieces that racing writes may cut a read into before it is made anew: their headers must fit the frame. */
    private static final int MAX_PIECES = 60;

    /** What the copier needs of its VM. */
    interface Host {
        /** Sends a message on the VM's lane. */
        void send(Message message);

        /** A frame can be fetched. */
        void framesReady();

        /** No block is left. */
        void copyDone();

        /** Newest live sequence that was put into the stream. */
        long sentSequence();
    }

    private record Run(ProtectedVolume volume, long firstBlock, int blocks) {
        long offsetBytes() {
            return firstBlock * volume.dirty.blockBytes();
        }

        long lengthBytes() {
            return Math.min((long) blocks * volume.dirty.blockBytes(), volume.sizeBytes() - offsetBytes());
        }
    }

    private static final class Comparison {
        final Run run;
        Optional<byte[]> local = Optional.empty();
        Optional<byte[]> remote = Optional.empty();
        int age;

        Comparison(Run run) {
            this.run = run;
        }
    }

    private record ReadBlocks(Run run, ReadTracker.Read race, ByteBuffer bytes) {}

    private final UUID vmUuid;
    private final List<ProtectedVolume> volumes;
    private final Ingest ingest;
    private final Executor actor;
    private final Executor readPool;
    private final Semaphore readBudget;
    private final Host host;

    private int session;
    private boolean active;
    private boolean compare;
    private long resyncId;
    private int scanVolume;
    private long scanBlock;
    private long nextRequest;
    private long nextFrame;
    private final Map<Long, Comparison> comparisons = new HashMap<>();
    private final ArrayDeque<Run> toCopy = new ArrayDeque<>();
    private final ArrayDeque<ReadBlocks> ready = new ArrayDeque<>();
    private final List<Run> failed = new ArrayList<>();
    private final TreeMap<Long, List<Run>> frames = new TreeMap<>();
    private int readsUnderWay;

    private volatile long totalBytes;
    private final AtomicLong doneBytes = new AtomicLong();
    private final AtomicLong sentBytes = new AtomicLong();

    ResyncCopier(
            UUID vmUuid,
            List<ProtectedVolume> volumes,
            Ingest ingest,
            Executor actor,
            Executor readPool,
            Semaphore readBudget,
            Host host) {
        this.vmUuid = vmUuid;
        this.volumes = volumes;
        this.ingest = ingest;
        this.actor = actor;
        this.readPool = readPool;
        this.readBudget = readBudget;
        this.host = host;
    }

    long totalBytes() {
        return totalBytes;
    }

    long doneBytes() {
        return doneBytes.get();
    }

    long sentBytes() {
        return sentBytes.get();
    }

    /** Forgets the figures of the last resync; a copy that is taken up again keeps them. */
    void newResync() {
        totalBytes = 0;
        doneBytes.set(0);
        sentBytes.set(0);
    }

    /** Starts with all blocks that are marked now. */
    void start(long id, boolean compareFirst) {
        stop();
        active = true;
        resyncId = id;
        compare = compareFirst;
        nextFrame = 1;
        long marked = 0;
        for (ProtectedVolume volume : volumes) {
            marked += volume.dirty.dirtyBlocks() * volume.dirty.blockBytes();
        }
        totalBytes = Math.max(totalBytes, doneBytes.get() + marked);
        advance();
    }

    /** Leaves the copying; what is under way is forgotten, its blocks stay marked. */
    void stop() {
        session++;
        active = false;
        scanVolume = 0;
        scanBlock = 0;
        comparisons.clear();
        toCopy.clear();
        failed.clear();
        frames.clear();
        readsUnderWay = 0;
        for (ReadBlocks read : ready) {
            discard(read);
        }
        ready.clear();
    }

    private void discard(ReadBlocks read) {
        read.race().cancel();
        readBudget.release();
    }

    /** Takes up blocks again that could not be read or compared; called by the VM's timer. */
    void retry() {
        comparisons.values().removeIf(comparison -> {
            boolean lost = ++comparison.age > COMPARISON_TICKS;
            if (lost) {
                failed.add(comparison.run);
            }
            return lost;
        });
        if (active && !failed.isEmpty()) {
            List<Run> again = List.copyOf(failed);
            failed.clear();
            again.forEach(this::begin);
        }
        advance();
    }

    /** Frames up to a number are durable at the DR side. */
    void framesDurable(long id, long upToFrame) {
        if (!active || id != resyncId) {
            return;
        }
        Map<Long, List<Run>> durable = frames.headMap(upToFrame, true);
        durable.values().forEach(runs -> runs.forEach(this::done));
        durable.clear();
        advance();
    }

    /** The DR side's fingerprints. */
    void hashReply(Message.HashReply reply) {
        Comparison comparison = comparisons.get(reply.requestId());
        if (comparison != null) {
            comparison.remote = Optional.of(reply.hashes());
            settle(reply.requestId(), comparison);
        }
    }

    /** The next frame for the lane, when there is one. */
    Optional<Message> nextFrame(boolean compress) {
        if (!active || ready.isEmpty() || frames.size() >= MAX_FRAMES) {
            return Optional.empty();
        }
        RecordBatch.Builder batch = RecordBatch.builder(compress);
        List<Run> runs = new ArrayList<>();
        while (!ready.isEmpty()) {
            ReadBlocks read = ready.peek();
            long room = (long) RecordBatch.MAX_RAW_BYTES - batch.rawBytes();
            if (!batch.isEmpty() && room < read.run().lengthBytes() * 2) {
                break;
            }
            ready.remove();
            List<RangeSet.Range> left = read.race().finish();
            readBudget.release();
            if (left.size() > MAX_PIECES) {
                addToCopy(read.run());
                continue;
            }
            addRanges(batch, read, left);
            runs.add(read.run());
            if (left.size() > 1) {
                break;
            }
        }
        if (batch.isEmpty()) {
            runs.forEach(this::done);
            advance();
            return ready.isEmpty() ? Optional.empty() : nextFrame(compress);
        }
        long frame = nextFrame++;
        frames.put(frame, runs);
        advance();
        return Optional.of(new Message.ResyncData(vmUuid, resyncId, frame, batch.build()));
    }

    private void addRanges(RecordBatch.Builder batch, ReadBlocks read, List<RangeSet.Range> ranges) {
        long base = read.run().offsetBytes();
        for (RangeSet.Range range : ranges) {
            ByteBuffer bytes = read.bytes().slice((int) (range.startBytes() - base), (int) range.lengthBytes());
            boolean zero = isZero(bytes);
            StreamRecord record = new StreamRecord(
                    host.sentSequence(),
                    zero ? RecordType.RESYNC_ZERO : RecordType.RESYNC_WRITE,
                    read.run().volume().key,
                    range.startBytes(),
                    range.lengthBytes(),
                    zero ? ByteBuffer.allocate(0) : bytes);
            if (!batch.tryAdd(record)) {
                throw new IllegalStateException("a read of " + range.lengthBytes() + " bytes does not fit a frame");
            }
            sentBytes.addAndGet(range.lengthBytes());
        }
    }

    private static boolean isZero(ByteBuffer bytes) {
        ByteBuffer in = bytes.duplicate();
        while (in.remaining() >= Long.BYTES) {
            if (in.getLong() != 0) {
                return false;
            }
        }
        while (in.hasRemaining()) {
            if (in.get() != 0) {
                return false;
            }
        }
        return true;
    }

    private void done(Run run) {
        ingest.whileCapturing(() -> {
            for (int i = 0; i < run.blocks(); i++) {
                run.volume().dirty.clear(run.firstBlock() + i);
            }
        });
        doneBytes.addAndGet(run.lengthBytes());
    }

    private void advance() {
        if (!active) {
            return;
        }
        while (comparisons.size() < MAX_COMPARISONS && toCopy.size() < MAX_WAITING_RUNS) {
            Optional<Run> run = nextMarked();
            if (run.isEmpty()) {
                break;
            }
            begin(run.get());
        }
        while (!toCopy.isEmpty() && readsUnderWay + ready.size() < MAX_READS && readBudget.tryAcquire()) {
            read(toCopy.remove());
        }
        boolean idle = comparisons.isEmpty() && toCopy.isEmpty() && readsUnderWay == 0 && ready.isEmpty();
        if (idle && frames.isEmpty() && failed.isEmpty() && scanVolume >= volumes.size()) {
            active = false;
            host.copyDone();
        }
    }

    private Optional<Run> nextMarked() {
        while (scanVolume < volumes.size()) {
            ProtectedVolume volume = volumes.get(scanVolume);
            long first = volume.dirty.nextDirty(scanBlock);
            if (first < 0) {
                scanVolume++;
                scanBlock = 0;
                continue;
            }
            int most = compare ? COMPARE_BLOCKS : READ_BYTES / volume.dirty.blockBytes();
            int blocks = 1;
            while (blocks < most
                    && first + blocks < volume.dirty.blockCount()
                    && volume.dirty.isDirty(first + blocks)) {
                blocks++;
            }
            scanBlock = first + blocks;
            return Optional.of(new Run(volume, first, blocks));
        }
        return Optional.empty();
    }

    private void begin(Run run) {
        if (!compare) {
            addToCopy(run);
            return;
        }
        long request = ++nextRequest;
        Comparison comparison = new Comparison(run);
        comparisons.put(request, comparison);
        host.send(new Message.HashRequest(
                vmUuid,
                request,
                run.volume().key,
                run.offsetBytes(),
                run.volume().dirty.blockBytes(),
                run.blocks()));
        int mine = session;
        readPool.execute(() -> {
            Optional<byte[]> hashes = VolumeHasher.hash(run.volume(), run.firstBlock(), run.blocks());
            actor.execute(() -> {
                if (session == mine) {
                    comparison.local = Optional.of(hashes.orElse(new byte[0]));
                    settle(request, comparison);
                }
            });
        });
    }

    private void settle(long request, Comparison comparison) {
        if (comparison.local.isEmpty() || comparison.remote.isEmpty()) {
            return;
        }
        comparisons.remove(request);
        Run run = comparison.run;
        int expected = run.blocks() * BlockHash.LENGTH_BYTES;
        byte[] local = comparison.local.get();
        byte[] remote = comparison.remote.get();
        if (local.length != expected || remote.length != expected) {
            failed.add(run);
            return;
        }
        int most = READ_BYTES / run.volume().dirty.blockBytes();
        int at = 0;
        while (at < run.blocks()) {
            boolean equal = VolumeHasher.equalAt(local, remote, at);
            int next = at + 1;
            while (next < run.blocks()
                    && VolumeHasher.equalAt(local, remote, next) == equal
                    && (equal || next - at < most)) {
                next++;
            }
            Run part = new Run(run.volume(), run.firstBlock() + at, next - at);
            if (equal) {
                done(part);
            } else {
                addToCopy(part);
            }
            at = next;
        }
        advance();
    }

    private void addToCopy(Run run) {
        toCopy.add(run);
    }

    private void read(Run run) {
        readsUnderWay++;
        int mine = session;
        ReadTracker.Read race = run.volume().reads.begin(run.offsetBytes(), run.lengthBytes());
        readPool.execute(() -> {
            ByteBuffer bytes = ByteBuffer.allocate((int) run.lengthBytes());
            Optional<StorageException> failure = Optional.empty();
            try {
                run.volume().disk.read(run.offsetBytes(), bytes);
                bytes.flip();
            } catch (StorageException e) {
                failure = Optional.of(e);
            }
            Optional<StorageException> outcome = failure;
            actor.execute(() -> readDone(mine, new ReadBlocks(run, race, bytes), outcome));
        });
    }

    private void readDone(int mine, ReadBlocks read, Optional<StorageException> failure) {
        if (session != mine) {
            discard(read);
            return;
        }
        readsUnderWay--;
        if (failure.isPresent()) {
            LOG.warn(
                    "Volume {} can't be read: {}",
                    read.run().volume().id,
                    failure.get().getMessage());
            discard(read);
            failed.add(read.run());
            return;
        }
        ready.add(read);
        host.framesReady();
    }
}
