package org.openvrg.writeagent.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.openvrg.api.file.DurableFile;
import org.openvrg.api.storage.Ownership;

/**
 * How far the volumes of one VM are, in a file that is mapped into memory: an update costs no system call and outlives
 * the process. What was not flushed may be lost with a power loss, and with the process too where the storage is written
 * by another one, which ends with this. Therefore the file names the life in which its applied index counts, that of the
 * machine or that of the process; afterwards only the flushed index does.
 *
 * <pre>
 *  0 magic       u64   "VRGAGST1"
 *  8 VM          16 bytes
 * 24 owner       16 bytes
 * 40 generation  u64
 * 48 life        16 bytes  boot id of the machine, or the id of a process, made at random at its start
 * 64 crc         u32   CRC32C of bytes 0..63
 * 68 flags       u32
 * 72 applied     u64
 * 80 flushed     u64
 * 88 reach       u64   entries up to here may stand on the volumes, in part, though the applied index is smaller; 0: none
 * </pre>
 *
 * All big-endian. Flags:
 *
 * <pre>
 * 1 unsure   a volume may be claimed of which nobody knows what it holds
 * 2 dirty    something was written that was not flushed
 * 4 owed     that was before this generation, so that it is never written again
 * </pre>
 * The first 72 bytes never change within a file; a new owner, generation or life makes a new file by
 * rename. Updates are for one thread at a time, reads for any.
 */
final class StateFile {
    private static final long MAGIC = 0x5652474147535431L;
    private static final int CRC_AT = 64;
    private static final int FLAGS_AT = 68;
    private static final int APPLIED_AT = 72;
    private static final int FLUSHED_AT = 80;
    private static final int REACH_AT = 88;
    private static final int LENGTH_BYTES = 96;
    private static final int UNSURE = 1;
    private static final int DIRTY = 2;
    private static final int OWED = 4;
    private static final int ALL_FLAGS = UNSURE | DIRTY | OWED;

    /** Reach of what another life wrote. */
    private static final long UNKNOWN = Long.MAX_VALUE;

    private static final VarHandle INTS = MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final Path file;
    private final UUID vmUuid;
    private final UUID life;
    private final MappedByteBuffer map;
    private final Ownership owner;

    /**
     * What may outlive what.
     *
     * @param machine boot id: what the kernel was given is there until it changes
     * @param process made at random at its start
     */
    record Lives(UUID machine, UUID process) {}

    private StateFile(Path file, UUID vmUuid, UUID life, MappedByteBuffer map, Ownership owner) {
        this.file = file;
        this.vmUuid = vmUuid;
        this.life = life;
        this.map = map;
        this.owner = owner;
    }

    /** Makes the file of a VM, replacing one that may be there; its applied index counts as long as the machine runs. */
    static StateFile create(Path file, UUID vmUuid, Lives lives, Ownership owner, long appliedIndex, long flushedIndex)
            throws IOException {
        return create(file, vmUuid, lives.machine(), owner, new Progress(appliedIndex, flushedIndex, 0), 0);
    }

    private record Progress(long applied, long flushed, long reach) {}

    private static StateFile create(Path file, UUID vmUuid, UUID life, Ownership owner, Progress progress, int flags)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(LENGTH_BYTES).putLong(MAGIC);
        put(bytes, vmUuid);
        put(bytes, owner.vrgUuid());
        bytes.putLong(owner.generation());
        put(bytes, life);
        bytes.putInt(crc(bytes)).putInt(flags);
        bytes.putLong(progress.applied()).putLong(progress.flushed()).putLong(progress.reach());
        DurableFile.replace(file, bytes.array());
        return new StateFile(file, vmUuid, life, map(file), owner);
    }

    /**
     * Opens the file of a VM.
     *
     * @return empty when it is damaged
     */
    static Optional<StateFile> open(Path file, UUID vmUuid, Lives lives) throws IOException {
        if (Files.size(file) != LENGTH_BYTES) {
            return Optional.empty();
        }
        MappedByteBuffer map = map(file);
        ByteBuffer in = map.duplicate();
        if (in.getLong() != MAGIC || !vmUuid.equals(uuid(in))) {
            return Optional.empty();
        }
        UUID vrgUuid = uuid(in);
        Ownership owner = new Ownership(vrgUuid, in.getLong());
        UUID writtenIn = uuid(in);
        StateFile state = new StateFile(file, vmUuid, writtenIn, map, owner);
        boolean sound = in.getInt() == crc(map) && (in.getInt() | ALL_FLAGS) == ALL_FLAGS && state.reach() >= 0;
        if (!sound || state.flushedIndex() < 0 || state.appliedIndex() < state.flushedIndex()) {
            return Optional.empty();
        }
        if (writtenIn.equals(lives.machine()) || writtenIn.equals(lives.process())) {
            return Optional.of(state);
        }
        return Optional.of(state.afterALoss(lives));
    }

    /** The same in a later life, which has only what was flushed, and may have parts of what was not. */
    private StateFile afterALoss(Lives lives) throws IOException {
        long reach = isSet(DIRTY) ? UNKNOWN : reach();
        int flags = isSet(OWED) ? UNSURE | DIRTY : flags();
        return create(file, vmUuid, lives.machine(), owner, new Progress(flushedIndex(), flushedIndex(), reach), flags);
    }

    /** The same whose applied index counts as long as this process runs. */
    StateFile withinProcess(Lives lives) throws IOException {
        if (life.equals(lives.process())) {
            return this;
        }
        return create(file, vmUuid, lives.process(), owner, progress(), flags());
    }

    /**
     * The file of a later generation, whose entries are not those of this one: what was written by this one and was not
     * flushed is never written again.
     */
    StateFile ofGeneration(Ownership next) throws IOException {
        boolean mixed = isSet(DIRTY) && reach() > 0;
        int flags = (isSet(UNSURE) || mixed ? UNSURE : 0) | (isSet(DIRTY) ? DIRTY | OWED : 0);
        return create(file, vmUuid, life, next, new Progress(0, 0, 0), flags);
    }

    /** Owner of the volumes. */
    Ownership owner() {
        return owner;
    }

    /** Newest entry on the volumes, 0 when not known. */
    long appliedIndex() {
        return (long) LONGS.getAcquire(map, APPLIED_AT);
    }

    /** Newest entry that survives a power loss. */
    long flushedIndex() {
        return (long) LONGS.getAcquire(map, FLUSHED_AT);
    }

    /** Notes progress; survives the end of the process. */
    void setApplied(long index) {
        LONGS.setRelease(map, APPLIED_AT, index);
    }

    /**
     * Notes what was flushed, on all volumes; survives a power loss on return.
     *
     * @throws UncheckedIOException when it could not be synced; the old index holds then
     */
    void setFlushed(long index) {
        Progress before = progress();
        int flagsBefore = flags();
        LONGS.setRelease(map, FLUSHED_AT, index);
        if (index >= before.reach()) {
            LONGS.setRelease(map, REACH_AT, 0L);
            set(DIRTY | OWED, false);
        } else {
            set(OWED, false);
        }
        try {
            sync();
        } catch (IOException e) {
            INTS.setRelease(map, FLAGS_AT, flagsBefore);
            LONGS.setRelease(map, REACH_AT, before.reach());
            LONGS.setRelease(map, FLUSHED_AT, before.flushed());
            throw new UncheckedIOException(e);
        }
    }

    /** The gateway's entries begin behind an index: those up to it need nothing more, whatever stands on the volumes. */
    void startBehind(long index) {
        setApplied(index);
        LONGS.setRelease(map, FLUSHED_AT, index);
    }

    /** What was applied and not flushed may be lost: the applied index goes back. */
    void goBack() {
        LONGS.setRelease(map, REACH_AT, Math.max(reach(), appliedIndex()));
        setApplied(flushedIndex());
    }

    /** The gateway has no entries beyond an index, and never sent any. */
    void reachesAtMost(long lastIndex) {
        if (reach() == UNKNOWN) {
            LONGS.setRelease(map, REACH_AT, lastIndex);
        }
    }

    /**
     * Notes that the gateway applies, so that it knows of the volumes what there is to know, and that what is written now
     * is not flushed.
     *
     * @return whether that is new, and has to be synced before anything is written
     */
    boolean writing() {
        int before = flags();
        INTS.setRelease(map, FLAGS_AT, (before & ~UNSURE) | DIRTY);
        return flags() != before;
    }

    /** Whether what an earlier generation wrote may not be flushed. */
    boolean owed() {
        return isSet(OWED);
    }

    /**
     * Whether a volume may be claimed of which nobody knows what it holds, and the gateway may not know that: a volume
     * that is opened then has to be told as newly owned, whatever its claim says.
     */
    boolean unsure() {
        return isSet(UNSURE);
    }

    /** Sets it; survives the end of the process. */
    void setUnsure(boolean unsure) {
        set(UNSURE, unsure);
    }

    private int flags() {
        return (int) INTS.getAcquire(map, FLAGS_AT);
    }

    private boolean isSet(int flag) {
        return (flags() & flag) != 0;
    }

    private void set(int which, boolean on) {
        INTS.setRelease(map, FLAGS_AT, on ? flags() | which : flags() & ~which);
    }

    private long reach() {
        return (long) LONGS.getAcquire(map, REACH_AT);
    }

    private Progress progress() {
        return new Progress(appliedIndex(), flushedIndex(), reach());
    }

    /** Brings all that was set to stable storage: a sync of the file covers what was stored through the mapping. */
    void sync() throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(false);
        }
    }

    /** Removes the file. */
    void delete() throws IOException {
        Files.deleteIfExists(file);
        DurableFile.syncFolder(file.toAbsolutePath().getParent());
    }

    private static MappedByteBuffer map(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, LENGTH_BYTES);
        }
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate().position(0).limit(CRC_AT));
        return (int) crc.getValue();
    }

    private static void put(ByteBuffer out, UUID uuid) {
        out.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
    }

    private static UUID uuid(ByteBuffer in) {
        long high = in.getLong();
        return new UUID(high, in.getLong());
    }
}
