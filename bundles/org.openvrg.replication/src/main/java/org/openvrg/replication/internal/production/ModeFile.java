package org.openvrg.replication.internal.production;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import org.openvrg.api.failure.JournalException;
import org.openvrg.replication.internal.machine.ProductionMachine;

/**
 * The few values of a VM that must be right after a kill at any instant: whether writes go to the journal, what the
 * state machine saved, and up to where the journal stands in the volumes. They live in a mapped file, so that setting
 * one costs a store to memory and survives the process; {@link #force} makes them survive a power loss.
 *
 * <p>Layout, big-endian: magic 8, version 4, flags 4 (1 capturing, 2 steady, 4 compare), epoch 8, resync 8, redo 8,
 * boot id 16, guard 8. The guard is the exclusive-or of magic, flags, epoch, resync and boot id; the redo mark is not
 * part of it, because it moves with every write. Setting several values is not atomic: the guard is cleared first, and
 * a file found without its guard means that nothing is known, which leads to a full check.
 *
 * <p>Thread-safe.
 */
public final class ModeFile implements AutoCloseable {
    private static final long MAGIC = 0x5652474d4f444531L; // "VRGMODE1"
    private static final int VERSION = 1;
    private static final int LENGTH_BYTES = 64;
    private static final int VERSION_AT = 8;
    private static final int FLAGS_AT = 12;
    private static final int EPOCH_AT = 16;
    private static final int RESYNC_AT = 24;
    private static final int REDO_AT = 32;
    private static final int BOOT_AT = 40;
    private static final int GUARD_AT = 56;
    private static final int CAPTURING = 1;
    private static final int STEADY = 2;
    private static final int COMPARE = 4;

    private final FileChannel channel;
    private final MappedByteBuffer map;
    private final ProductionMachine.Saved found;
    private final boolean sameBoot;
    private final boolean fresh;

    private ModeFile(FileChannel channel, MappedByteBuffer map, UUID bootId) {
        this.channel = channel;
        this.map = map;
        this.fresh = map.getLong(0) == 0;
        boolean valid = !fresh && map.getLong(0) == MAGIC && map.getInt(VERSION_AT) == VERSION && guard() == stored();
        int flags = map.getInt(FLAGS_AT);
        this.found = valid
                ? new ProductionMachine.Saved(
                        (flags & CAPTURING) != 0,
                        (flags & STEADY) != 0,
                        (flags & COMPARE) != 0,
                        map.getLong(EPOCH_AT),
                        map.getLong(RESYNC_AT))
                : ProductionMachine.Saved.NEW;
        this.sameBoot = valid
                && map.getLong(BOOT_AT) == bootId.getMostSignificantBits()
                && map.getLong(BOOT_AT + Long.BYTES) == bootId.getLeastSignificantBits();
        if (!valid) {
            map.putLong(REDO_AT, 0);
        }
        map.putLong(GUARD_AT, 0);
        map.putLong(0, MAGIC);
        map.putInt(VERSION_AT, VERSION);
        map.putLong(BOOT_AT, bootId.getMostSignificantBits());
        map.putLong(BOOT_AT + Long.BYTES, bootId.getLeastSignificantBits());
        save(found);
    }

    /**
     * Opens or makes the file.
     *
     * @param bootId identity of this boot of the machine
     */
    public static ModeFile open(Path file, UUID bootId) throws JournalException {
        try {
            Files.createDirectories(file.getParent());
            FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (channel.size() < LENGTH_BYTES) {
                channel.write(ByteBuffer.allocate(LENGTH_BYTES), 0);
                channel.force(true);
            }
            return new ModeFile(channel, channel.map(FileChannel.MapMode.READ_WRITE, 0, LENGTH_BYTES), bootId);
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the mode file of a VM can't be opened", e);
        }
    }

    /** What the machine saved before this start; {@code Saved.NEW} when there is nothing that can be trusted. */
    public ProductionMachine.Saved found() {
        return found;
    }

    /** Whether the machine has been up since the file was last used: then no page cache was lost. */
    public boolean sameBoot() {
        return sameBoot;
    }

    /** Whether the file is new. */
    public boolean fresh() {
        return fresh;
    }

    /** Keeps what the machine saved. */
    public synchronized void save(ProductionMachine.Saved saved) {
        map.putLong(GUARD_AT, 0);
        map.putInt(
                FLAGS_AT,
                (saved.capturing() ? CAPTURING : 0) | (saved.steady() ? STEADY : 0) | (saved.compare() ? COMPARE : 0));
        map.putLong(EPOCH_AT, saved.epoch());
        map.putLong(RESYNC_AT, saved.resyncId());
        map.putLong(GUARD_AT, guard());
    }

    /** Notes, ahead of the machine, that writes do not go to the journal any more. */
    public synchronized void noteCaptureStopped() {
        map.putLong(GUARD_AT, 0);
        map.putInt(FLAGS_AT, map.getInt(FLAGS_AT) & ~CAPTURING);
        map.putLong(GUARD_AT, guard());
    }

    /**
     * Notes, ahead of the machine, that writes go to the journal from now on.
     *
     * @param redoMark sequence of the newest record, which stands in the volumes as all before it
     */
    public synchronized void noteCaptureStarted(long redoMark) {
        map.putLong(REDO_AT, redoMark);
        map.putLong(GUARD_AT, 0);
        map.putInt(FLAGS_AT, map.getInt(FLAGS_AT) | CAPTURING);
        map.putLong(GUARD_AT, guard());
    }

    /** Sequence up to which the journal stands in the volumes. */
    public long redoMark() {
        return map.getLong(REDO_AT);
    }

    /** Moves the mark; one thread. */
    public void redoMark(long sequence) {
        map.putLong(REDO_AT, sequence);
    }

    /** Makes all of it survive a power loss. */
    public void force() {
        map.force();
    }

    private long guard() {
        return MAGIC
                ^ Integer.toUnsignedLong(map.getInt(FLAGS_AT))
                ^ Long.rotateLeft(map.getLong(EPOCH_AT), 8)
                ^ Long.rotateLeft(map.getLong(RESYNC_AT), 24)
                ^ map.getLong(BOOT_AT)
                ^ map.getLong(BOOT_AT + Long.BYTES);
    }

    private long stored() {
        return map.getLong(GUARD_AT);
    }

    @Override
    public void close() throws JournalException {
        try {
            map.force();
            channel.close();
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the mode file of a VM can't be closed", e);
        }
    }
}
