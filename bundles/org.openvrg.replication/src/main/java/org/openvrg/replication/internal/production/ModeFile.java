package org.openvrg.replication.internal.production;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.openvrg.api.failure.JournalException;
import org.openvrg.replication.internal.machine.ProductionMachine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The few values of a VM that must be right after a kill at any instant: whether writes go to the journal, what the
 * state machine saved, and up to where the journal stands in the volumes. They live in a mapped file in the machine's
 * memory, so that setting one costs a store and survives the process. {@link #persist} brings a copy to the disk, which
 * is what a power loss leaves.
 *
 * <p>Layout of both files, big-endian: magic 8, version 4, flags 4 (1 capturing, 2 steady, 4 compare), epoch 8, resync
 * 8, redo 8, boot id 16, guard 8, owed 8. Owed is the epoch of the journal that may hold what a flush left to it alone,
 * 0 for none. The boot id is that of the last start that was brought to its end, see {@link #recovered}. The guard is
 * the exclusive-or of magic, flags, epoch, resync, boot id and owed; the redo mark is not part of it, because it moves
 * with every write. Setting several values is not atomic: the guard is cleared first, and a file found without its guard
 * means that nothing is known, which leads to a full check.
 *
 * <table>
 * <caption>What is believed</caption>
 * <tr><th>on the disk</th><th>in memory</th><th>found</th></tr>
 * <tr><td>no file</td><td>any</td><td>fresh</td></tr>
 * <tr><td>sound</td><td>sound, of this boot</td><td>what is in memory</td></tr>
 * <tr><td>sound, of another boot</td><td>not of this boot</td><td>what is on the disk, after a power loss</td></tr>
 * <tr><td>anything else</td><td></td><td>nothing that can be trusted</td></tr>
 * </table>
 *
 * <p>Thread-safe.
 */
public final class ModeFile implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ModeFile.class);
    private static final long MAGIC = 0x5652474d4f444531L; // "VRGMODE1"
    private static final int VERSION = 2;
    private static final int LENGTH_BYTES = 72;
    private static final int VERSION_AT = 8;
    private static final int FLAGS_AT = 12;
    private static final int EPOCH_AT = 16;
    private static final int RESYNC_AT = 24;
    private static final int REDO_AT = 32;
    private static final int BOOT_AT = 40;
    private static final int GUARD_AT = 56;
    private static final int OWED_AT = 64;
    private static final int CAPTURING = 1;
    private static final int STEADY = 2;
    private static final int COMPARE = 4;

    private final FileChannel liveChannel;
    private final FileChannel keptChannel;
    private final MappedByteBuffer map;
    private final ProductionMachine.Saved found;
    private final UUID bootId;
    private final boolean sameBoot;
    private final long owedEpoch;
    private final boolean fresh;
    private boolean recovered;

    /** Held while the disk is written to, and never by those who set values. */
    private final Object diskLock = new Object();

    private final Object persistLock = new Object();
    private Optional<CompletableFuture<Void>> queued = Optional.empty();
    private long version;
    private volatile long persistedVersion;
    private volatile boolean diskFailed;
    /** Under {@link #diskLock}. */
    private boolean closed;

    private ModeFile(FileChannel live, FileChannel kept, ByteBuffer onDisk, boolean fresh, UUID bootId)
            throws IOException {
        this.liveChannel = live;
        this.keptChannel = kept;
        this.fresh = fresh;
        this.map = live.map(FileChannel.MapMode.READ_WRITE, 0, LENGTH_BYTES);
        boolean known = !fresh && isSound(onDisk);
        this.bootId = bootId;
        this.sameBoot = known && isSound(map) && isOf(map, bootId);
        if (sameBoot) {
            this.found = savedIn(map);
            this.owedEpoch = map.getLong(OWED_AT);
        } else {
            boolean powerLoss = known && !isOf(onDisk, bootId);
            this.found = powerLoss ? savedIn(onDisk) : ProductionMachine.Saved.NEW;
            this.owedEpoch = powerLoss ? onDisk.getLong(OWED_AT) : 0;
            map.putLong(REDO_AT, 0);
        }
    }

    /**
     * Volumes, bitmaps and journal have been brought into step: only now does the file belong to this boot, so that a
     * start that is broken off does not make the next one believe that no page cache was lost.
     *
     * @param saved what holds from here on
     */
    public synchronized void recovered(ProductionMachine.Saved saved) {
        map.putLong(GUARD_AT, 0);
        map.putLong(0, MAGIC);
        map.putInt(VERSION_AT, VERSION);
        map.putLong(BOOT_AT, bootId.getMostSignificantBits());
        map.putLong(BOOT_AT + Long.BYTES, bootId.getLeastSignificantBits());
        map.putLong(OWED_AT, owedEpoch);
        recovered = true;
        save(saved);
    }

    /**
     * Opens or makes the files.
     *
     * @param live the file in the machine's memory
     * @param kept the file on the disk
     * @param bootId identity of this boot of the machine
     */
    public static ModeFile open(Path live, Path kept, UUID bootId) throws JournalException {
        List<FileChannel> opened = new ArrayList<>();
        try {
            Files.createDirectories(kept.getParent());
            Files.createDirectories(live.getParent());
            boolean fresh = !Files.exists(kept);
            opened.add(openChannel(live));
            opened.add(openChannel(kept));
            ByteBuffer onDisk = ByteBuffer.allocate(LENGTH_BYTES);
            while (onDisk.hasRemaining() && opened.get(1).read(onDisk, onDisk.position()) >= 0) {
                // until full or at the end of the file
            }
            return new ModeFile(opened.get(0), opened.get(1), onDisk.clear(), fresh, bootId);
        } catch (IOException e) {
            for (FileChannel channel : opened) {
                closeAfter(channel, e);
            }
            throw new JournalException(JournalException.Kind.FAILED, "the mode file of a VM can't be opened", e);
        }
    }

    /**
     * The boot that a mode file was written in; nothing when there is none, or it is not sound.
     *
     * @throws IOException when it can't be read
     */
    static Optional<UUID> bootOf(Path path) throws IOException {
        if (!Files.exists(path)) {
            return Optional.empty();
        }
        ByteBuffer file = ByteBuffer.wrap(Arrays.copyOf(Files.readAllBytes(path), LENGTH_BYTES));
        return isSound(file)
                ? Optional.of(new UUID(file.getLong(BOOT_AT), file.getLong(BOOT_AT + Long.BYTES)))
                : Optional.empty();
    }

    private static FileChannel openChannel(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    private static void closeAfter(FileChannel channel, IOException failure) {
        try {
            channel.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }

    private static boolean isSound(ByteBuffer file) {
        return file.getLong(0) == MAGIC && file.getInt(VERSION_AT) == VERSION && guard(file) == file.getLong(GUARD_AT);
    }

    private static boolean isOf(ByteBuffer file, UUID bootId) {
        return file.getLong(BOOT_AT) == bootId.getMostSignificantBits()
                && file.getLong(BOOT_AT + Long.BYTES) == bootId.getLeastSignificantBits();
    }

    private static ProductionMachine.Saved savedIn(ByteBuffer file) {
        int flags = file.getInt(FLAGS_AT);
        return new ProductionMachine.Saved(
                (flags & CAPTURING) != 0,
                (flags & STEADY) != 0,
                (flags & COMPARE) != 0,
                file.getLong(EPOCH_AT),
                file.getLong(RESYNC_AT));
    }

    /** What the machine saved before this start; {@code Saved.NEW} when there is nothing that can be trusted. */
    public ProductionMachine.Saved found() {
        return found;
    }

    /** Whether the machine has been up since the file was last used: then no page cache was lost. */
    public boolean sameBoot() {
        return sameBoot;
    }

    /** Epoch of the journal that may hold what a flush left to it alone, so that a power loss took it; 0 for none. */
    public long owedEpoch() {
        return owedEpoch;
    }

    /** Whether the file is new. */
    public boolean fresh() {
        return fresh;
    }

    /** Keeps what the machine saved. */
    public synchronized void save(ProductionMachine.Saved saved) {
        version++;
        map.putLong(GUARD_AT, 0);
        map.putInt(
                FLAGS_AT,
                (saved.capturing() ? CAPTURING : 0) | (saved.steady() ? STEADY : 0) | (saved.compare() ? COMPARE : 0));
        map.putLong(EPOCH_AT, saved.epoch());
        map.putLong(RESYNC_AT, saved.resyncId());
        map.putLong(GUARD_AT, guard(map));
    }

    /** Notes, ahead of the machine, that writes do not go to the journal any more. */
    public synchronized void noteCaptureStopped() {
        version++;
        map.putLong(GUARD_AT, 0);
        map.putInt(FLAGS_AT, map.getInt(FLAGS_AT) & ~CAPTURING);
        map.putLong(GUARD_AT, guard(map));
    }

    /**
     * Notes, ahead of the machine, that writes go to the journal from now on.
     *
     * @param epoch the epoch into which they go
     * @param redoMark sequence of the newest record, which stands in the volumes as all before it
     */
    public synchronized void noteCaptureStarted(long epoch, long redoMark) {
        version++;
        map.putLong(REDO_AT, redoMark);
        map.putLong(GUARD_AT, 0);
        map.putLong(EPOCH_AT, epoch);
        map.putLong(OWED_AT, epoch);
        map.putInt(FLAGS_AT, map.getInt(FLAGS_AT) | CAPTURING);
        map.putLong(GUARD_AT, guard(map));
    }

    /** What the volumes may lack at this moment: the epoch of the journal that has it, 0 when they lack nothing. */
    public synchronized long owedNow() {
        return map.getLong(OWED_AT);
    }

    /**
     * The volumes, all of them, hold durably what was answered: while writes pass the journal by, it owes nothing.
     *
     * @param owed what {@link #owedNow} told before they were flushed
     */
    public synchronized void noteVolumesFlushed(long owed) {
        boolean capturing = (map.getInt(FLAGS_AT) & CAPTURING) != 0;
        if (!capturing && owed != 0 && map.getLong(OWED_AT) == owed) {
            version++;
            map.putLong(GUARD_AT, 0);
            map.putLong(OWED_AT, 0);
            map.putLong(GUARD_AT, guard(map));
        }
    }

    /** Sequence up to which the journal stands in the volumes. */
    public long redoMark() {
        return map.getLong(REDO_AT);
    }

    /** Moves the mark; one thread. */
    public void redoMark(long sequence) {
        map.putLong(REDO_AT, sequence);
    }

    /**
     * Brings all that was set before the call to the disk, by a thread of the executor. However often it is called, at
     * most two threads wait for a disk that does not answer.
     *
     * @return completes once it is there; exceptionally when the disk fails
     */
    public CompletableFuture<Void> persist(Executor executor) {
        synchronized (persistLock) {
            if (persistedVersion == version()) {
                return CompletableFuture.completedFuture(null);
            }
            if (queued.isPresent()) {
                return queued.get();
            }
            CompletableFuture<Void> done = new CompletableFuture<>();
            queued = Optional.of(done);
            executor.execute(() -> persistNow(done));
            return done;
        }
    }

    private void persistNow(CompletableFuture<Void> done) {
        synchronized (diskLock) {
            synchronized (persistLock) {
                queued = Optional.empty();
            }
            if (closed) {
                done.complete(null); // closing kept it
                return;
            }
            try {
                force();
                diskFailed = false;
                done.complete(null);
            } catch (IOException e) {
                if (!diskFailed) {
                    LOG.error("The mode of a VM can't be kept on the disk; a power loss now leads to a full check", e);
                }
                diskFailed = true;
                done.completeExceptionally(e);
            }
        }
    }

    /** The same at once, by this thread, where anything but the redo mark changed since. */
    public void sync() throws JournalException {
        if (persistedVersion == version()) {
            return;
        }
        try {
            force();
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the mode file of a VM can't be synced", e);
        }
    }

    private synchronized long version() {
        return version;
    }

    private void force() throws IOException {
        synchronized (diskLock) {
            ByteBuffer copy = ByteBuffer.allocate(LENGTH_BYTES);
            long copied;
            synchronized (this) {
                copy.put(map.duplicate().clear()).flip();
                copied = version;
            }
            while (copy.hasRemaining()) {
                keptChannel.write(copy, copy.position());
            }
            keptChannel.force(true);
            persistedVersion = copied;
        }
    }

    private static long guard(ByteBuffer file) {
        return MAGIC
                ^ Integer.toUnsignedLong(file.getInt(FLAGS_AT))
                ^ Long.rotateLeft(file.getLong(EPOCH_AT), 8)
                ^ Long.rotateLeft(file.getLong(RESYNC_AT), 24)
                ^ Long.rotateLeft(file.getLong(OWED_AT), 40)
                ^ file.getLong(BOOT_AT)
                ^ file.getLong(BOOT_AT + Long.BYTES);
    }

    @Override
    public void close() throws JournalException {
        synchronized (diskLock) {
            closed = true;
            try (liveChannel;
                    keptChannel) {
                if (recovered) {
                    force();
                }
            } catch (IOException e) {
                throw new JournalException(JournalException.Kind.FAILED, "the mode file of a VM can't be closed", e);
            }
        }
    }
}
