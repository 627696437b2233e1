package org.openvrg.replication.internal.production;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.journal.ActivityLog;
import org.openvrg.journal.DirtyBitmap;
import org.openvrg.journal.Journal;
import org.openvrg.replication.internal.machine.ProductionMachine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that a protected VM keeps at the production side: {@code journal/}, {@code mode}, and {@code <key>.active} of
 * each volume on the disk; a live {@code mode} and {@code <key>.dirty} of each volume in the machine's memory (see
 * {@link VmFolder}). Opening it brings volumes and journal into step:
 *
 * <table>
 * <caption>What a start finds</caption>
 * <tr><th>found</th><th>done</th></tr>
 * <tr><td>nothing</td><td>all blocks are marked, full check</td></tr>
 * <tr><td>same boot, capturing</td><td>journal behind the redo mark goes into the volumes; the queue goes on</td></tr>
 * <tr><td>same boot, not capturing</td><td>nothing to redo; marked blocks are resynced</td></tr>
 * <tr><td>other boot (power loss), in the queue</td><td>the epoch's journal is redone, the extents of the activity log
 *     are marked, the journal is dropped, marked blocks are resynced</td></tr>
 * <tr><td>other boot, not in the queue</td><td>marks may be lost with the page cache: all blocks are marked, full
 *     check</td></tr>
 * <tr><td>a volume that is new</td><td>all its blocks are marked and compared</td></tr>
 * <tr><td>damage in journal, bitmap or mode; a volume of another size</td><td>all blocks are marked, full
 *     check</td></tr>
 * </table>
 */
public final class VmFiles implements AutoCloseable {
    /** Size of a block of the dirty bitmap. */
    public static final int BLOCK_BYTES = 64 * 1024;

    private static final String MODE_FILE = "mode";
    private static final String SCRUB_FILE = "scrub";
    private static final String VOLUMES_FILE = "volumes";
    private static final String PROBE_FILE = "probe";
    private static final int PROBE_BYTES = 64 * 1024;

    private static final Logger LOG = LoggerFactory.getLogger(VmFiles.class);

    private final VmFolder folder;
    private final Journal.Settings journalSettings;
    private volatile Journal journal;
    private final ModeFile mode;
    private final ScrubFile scrub;
    private final List<ProtectedVolume> volumes;
    private final ProductionMachine.Saved saved;
    private final boolean gapCovered;
    private final long segmentBytes;
    private volatile long indexToSequence;
    private long tidiedSequence;

    /**
     * A disk to be protected.
     *
     * @param id its volume
     * @param opener opens its volume
     * @param inline whether the export writes it
     */
    public record Disk(VolumeId id, Opener opener, boolean inline) {}

    /** Opens the volume of a disk. */
    public interface Opener {
        /** An open volume, which belongs to the caller. */
        BlockVolume open() throws StorageException;
    }

    private boolean damagedAtOpen;

    /** False while a replacement of the journal was begun and did not come to its end. */
    private volatile boolean replaced = true;

    private boolean closed;

    private VmFiles(Parts parts, ProductionMachine.Saved saved, boolean gapCovered, long segmentBytes) {
        this.folder = parts.folder();
        this.journalSettings = parts.journalSettings();
        this.journal = parts.journal();
        this.mode = parts.mode();
        this.scrub = new ScrubFile(parts.folder().kept().resolve(SCRUB_FILE));
        this.volumes = List.copyOf(parts.volumes());
        this.saved = saved;
        this.gapCovered = gapCovered;
        this.segmentBytes = segmentBytes;
        epochBegan();
    }

    /** Whether what was left behind can't be trusted. */
    boolean damagedAtOpen() {
        return damagedAtOpen;
    }

    /** Opens, recovers and redoes; closes what it opened when it fails. */
    public static VmFiles open(ProductionSettings settings, UUID vmUuid, List<Disk> disks) throws VrgException {
        VmFolder folder = VmFolder.of(settings, vmUuid);
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        try {
            ModeFile mode = ModeFile.open(
                    folder.live().resolve(MODE_FILE), folder.kept().resolve(MODE_FILE), settings.bootId());
            opened.push(mode);
            Journal.Settings journalSettings = new Journal.Settings(
                    folder.kept().resolve("journal"), settings.segmentBytes(), settings.journalLimitBytes());
            Journal journal = Journal.open(journalSettings);
            opened.push(journal);
            forgetRemoved(folder.kept(), disks);
            forgetRemoved(folder.live(), disks);
            boolean trusted = !mode.fresh() && journal.damage().isEmpty();
            boolean added = false;
            List<ProtectedVolume> volumes = new ArrayList<>();
            for (Disk disk : disks) {
                boolean known = Files.exists(activeFile(folder, disk.id()));
                boolean marksLost = known && mode.sameBoot() && !Files.exists(dirtyFile(folder, disk.id()));
                ProtectedVolume volume = openVolume(folder, disk, opened);
                trusted &= !volume.dirty.wasDamaged() && !marksLost;
                if (!known) {
                    added = true;
                    volume.dirty.markAll();
                }
                volumes.add(volume);
            }
            Parts parts = new Parts(folder, journalSettings, journal, mode, volumes);
            VmFiles files = recover(vmUuid, settings, parts, trusted, added);
            files.damagedAtOpen = !mode.fresh() && !trusted;
            rememberVolumes(folder.kept(), disks);
            return files;
        } catch (VrgException | RuntimeException e) {
            closeAll(opened, e);
            throw e;
        }
    }

    private record Parts(
            VmFolder folder,
            Journal.Settings journalSettings,
            Journal journal,
            ModeFile mode,
            List<ProtectedVolume> volumes) {}

    private static Path activeFile(VmFolder folder, VolumeId id) {
        return folder.kept().resolve(id.key() + ".active");
    }

    private static Path dirtyFile(VmFolder folder, VolumeId id) {
        return folder.live().resolve(id.key() + ".dirty");
    }

    private static ProtectedVolume openVolume(VmFolder folder, Disk disk, Deque<AutoCloseable> opened)
            throws VrgException {
        BlockVolume volume = disk.opener().open();
        opened.push(volume);
        DirtyBitmap dirty = DirtyBitmap.open(dirtyFile(folder, disk.id()), volume.sizeBytes(), BLOCK_BYTES);
        opened.push(dirty);
        ActivityLog activity = ActivityLog.open(activeFile(folder, disk.id()), volume.sizeBytes());
        opened.push(activity);
        return new ProtectedVolume(disk.id(), volume, disk.inline(), dirty, activity);
    }

    private static void closeAll(Deque<AutoCloseable> opened, Exception cause) {
        for (AutoCloseable part : opened) {
            try {
                part.close();
            } catch (Exception e) {
                cause.addSuppressed(e);
            }
        }
    }

    /** Carries out the table of the class comment. */
    private static VmFiles recover(UUID vmUuid, ProductionSettings settings, Parts parts, boolean sound, boolean added)
            throws VrgException {
        Journal journal = parts.journal();
        ModeFile mode = parts.mode();
        ProductionMachine.Saved saved = mode.found();
        boolean trusted = sound;
        boolean owed = mode.sameBoot() ? saved.capturing() : mode.owedEpoch() > 0;
        if (mode.sameBoot() && saved.capturing() && mode.redoMark() > journal.lastSequence()) {
            trusted = false; // a record that was answered went bad at the end of the journal, and was cut as a torn one
        }
        if (saved.capturing() && journal.epoch() > saved.epoch()) {
            trusted = false; // what was noted when capture stopped, and started again, is lost
        } else if (owed && journal.epoch() == mode.owedEpoch()) {
            trusted &= redo(vmUuid, journal, mode, parts.volumes());
        }
        flushInline(parts.volumes()); // a flush of the guest may have left it to the journal alone
        boolean inQueue = saved.capturing() && saved.steady() && !added;
        boolean gap = false;
        if (!trusted || (!mode.sameBoot() && !inQueue)) {
            parts.volumes().forEach(volume -> volume.dirty.markAll());
            saved = new ProductionMachine.Saved(false, false, true, saved.epoch(), saved.resyncId());
            journal.trim(journal.lastIndex());
        } else if (!mode.sameBoot()) {
            gap = true;
            parts.volumes().forEach(VmFiles::markActive);
            journal.trim(journal.lastIndex());
            LOG.warn("VM {}: the machine went down; the active extents are resynced", vmUuid);
        } else if (added) {
            saved = new ProductionMachine.Saved(false, false, true, saved.epoch(), saved.resyncId());
        }
        for (ProtectedVolume volume : parts.volumes()) {
            // Released once the VM is in its queue with all of this durable at the DR side.
            volume.activity.adoptRecovered(journal.lastSequence());
        }
        // the mode file may have been lost, or a begun epoch not yet noted in it
        long epoch = Math.max(saved.epoch(), journal.epoch());
        saved = new ProductionMachine.Saved(
                saved.capturing(), saved.steady(), saved.compare(), epoch, saved.resyncId());
        mode.recovered(
                gap ? new ProductionMachine.Saved(false, false, saved.compare(), epoch, saved.resyncId()) : saved);
        mode.noteVolumesFlushed(mode.owedNow());
        mode.sync(); // else another power loss would redo the same journal, over what the guest has seen since
        return new VmFiles(parts, saved, gap, settings.segmentBytes());
    }

    /** A volume that left the VM and comes back later must not find its old, clean bitmap. */
    private static void forgetRemoved(Path directory, List<Disk> disks) throws JournalException {
        Set<String> kept = new HashSet<>();
        disks.forEach(disk -> kept.add(disk.id().key().toString()));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.{dirty,active}")) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                if (!kept.contains(name.substring(0, name.indexOf('.')))) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "a bitmap of a VM can't be deleted", e);
        }
    }

    private static void rememberVolumes(Path directory, List<Disk> disks) throws JournalException {
        Path next = directory.resolve(VOLUMES_FILE + ".new");
        try {
            Files.write(next, disks.stream().map(disk -> disk.id().value()).toList());
            sync(next, StandardOpenOption.WRITE);
            Files.move(
                    next,
                    directory.resolve(VOLUMES_FILE),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            sync(directory, StandardOpenOption.READ); // after a power loss, too, they wait for their VM
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the volume list of a VM can't be written", e);
        }
    }

    private static void sync(Path path, StandardOpenOption option) throws IOException {
        try (FileChannel channel = FileChannel.open(path, option)) {
            channel.force(true);
        }
    }

    /** The volumes that any VM protected when it was last open, with the VM's folders. */
    public static Map<VolumeId, VmFolder> remembered(ProductionSettings settings) throws JournalException {
        Map<VolumeId, VmFolder> volumes = new HashMap<>();
        if (!Files.isDirectory(settings.directory())) {
            return volumes;
        }
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(settings.directory())) {
            for (Path kept : folders) {
                Path list = kept.resolve(VOLUMES_FILE);
                if (Files.isRegularFile(list)) {
                    VmFolder folder = VmFolder.of(settings, String.valueOf(kept.getFileName()));
                    Files.readAllLines(list).stream()
                            .filter(VolumeId::isValid)
                            .forEach(name -> volumes.put(new VolumeId(name), folder));
                }
            }
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the folder of the VMs can't be read", e);
        }
        return volumes;
    }

    /**
     * Forgets that history and bitmaps of a VM can be trusted: a write is about to pass them by. The guest does not pay
     * for a disk of the gateway's that fails: without the live file nothing is trusted as long as the machine is up.
     */
    public static void distrust(VmFolder folder) throws JournalException {
        try {
            Files.deleteIfExists(folder.live().resolve(MODE_FILE));
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the live mode of a VM can't be deleted", e);
        }
        try {
            Files.deleteIfExists(folder.kept().resolve(MODE_FILE));
        } catch (IOException e) {
            LOG.error("The mode file of a VM can't be deleted; after a power loss its history would be trusted", e);
        }
    }

    /**
     * Whether a VM's volumes have all that its guest was ever answered, though its journal can't be opened: no page cache
     * was lost since they were in step.
     */
    public static boolean volumesAreWhole(ProductionSettings settings, UUID vmUuid) {
        VmFolder folder = VmFolder.of(settings, vmUuid);
        try {
            return ModeFile.isOfBoot(folder.live().resolve(MODE_FILE), settings.bootId());
        } catch (IOException e) {
            LOG.error("VM {}: the live mode file can't be read", vmUuid, e);
            return false;
        }
    }

    /** Fails unless the disk takes a few bytes and syncs them; waits as long as the disk does. */
    public static void probe(VmFolder folder) throws JournalException {
        Path probe = folder.kept().resolve(PROBE_FILE);
        try {
            Files.createDirectories(folder.kept());
            try (FileChannel channel = FileChannel.open(
                    probe, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.allocate(PROBE_BYTES));
                channel.force(true);
            }
            Files.delete(probe);
        } catch (IOException e) {
            throw new JournalException(
                    JournalException.Kind.FAILED, "the disk of the journals takes no writes: " + e.getMessage(), e);
        }
    }

    /**
     * Brings the volumes to where the journal is, up to the first record that is damaged: what was synced before it must
     * not be lost, whatever the rest is worth.
     *
     * @return whether no record is damaged
     */
    private static boolean redo(UUID vmUuid, Journal journal, ModeFile mode, List<ProtectedVolume> volumes)
            throws VrgException {
        long from = mode.sameBoot()
                ? Math.max(journal.firstIndex(), mode.redoMark() + 1 - (journal.lastSequence() - journal.lastIndex()))
                : journal.firstIndex();
        if (from > journal.lastIndex()) {
            return true;
        }
        boolean whole = true;
        long redone = 0;
        try (Journal.Cursor cursor = journal.cursor(from)) {
            Optional<Journal.Entry> entry = cursor.next();
            while (entry.isPresent()) {
                StreamRecord record = entry.get().record();
                Optional<ProtectedVolume> volume = find(volumes, record.volume());
                if (entry.get().epoch() == journal.epoch() && record.type().isData() && volume.isPresent()) {
                    redo(record, volume.get());
                    redone++;
                }
                entry = cursor.next();
            }
        } catch (JournalException e) {
            if (e.kind() != JournalException.Kind.DAMAGED) {
                throw e;
            }
            LOG.error("VM {}: {}; a full check follows", vmUuid, e.getMessage());
            whole = false;
        }
        mode.redoMark(journal.lastSequence());
        LOG.info("VM {}: {} records of the journal were redone into its volumes", vmUuid, redone);
        return whole;
    }

    private static void redo(StreamRecord record, ProtectedVolume volume) throws StorageException {
        if (!volume.inline || record.endBytes() > volume.sizeBytes()) {
            return;
        }
        if (record.type().carriesBytes()) {
            volume.disk.write(record.offsetBytes(), record.payload().duplicate());
        } else {
            volume.disk.zero(record.offsetBytes(), record.lengthBytes(), false);
        }
    }

    private static Optional<ProtectedVolume> find(List<ProtectedVolume> volumes, VolumeKey key) {
        return volumes.stream().filter(volume -> volume.key.equals(key)).findFirst();
    }

    private static void markActive(ProtectedVolume volume) {
        BitSet extents = volume.activity.extents();
        long bytes = volume.activity.extentBytes();
        for (int i = extents.nextSetBit(0); i >= 0; i = extents.nextSetBit(i + 1)) {
            long start = i * bytes;
            volume.dirty.mark(start, Math.min(bytes, volume.sizeBytes() - start));
        }
    }

    Journal journal() {
        return journal;
    }

    ModeFile mode() {
        return mode;
    }

    List<ProtectedVolume> volumes() {
        return volumes;
    }

    ScrubFile scrub() {
        return scrub;
    }

    ProductionMachine newMachine() {
        return new ProductionMachine(
                saved,
                new ProductionMachine.Retained(firstSequence(), journal.lastSequence(), gapCovered),
                volumes.stream().allMatch(volume -> volume.inline));
    }

    /**
     * Call after the first record of an epoch, by the thread that appends: from here on sequence and index differ by
     * another constant. It holds for all that is retained, because an epoch that skips numbers begins on an empty
     * journal.
     */
    final void epochBegan() {
        indexToSequence = journal.lastSequence() - journal.lastIndex();
    }

    /** Index of the entry with a sequence. */
    long indexOf(long sequence) {
        return sequence - indexToSequence;
    }

    /** Oldest sequence still in the journal; one more than the newest when it is empty. */
    long firstSequence() {
        long newest = journal.lastSequence();
        long firstIndex = journal.firstIndex();
        boolean empty = firstIndex > journal.lastIndex();
        return empty ? newest + 1 : firstIndex + indexToSequence;
    }

    /** Drops the journal up to an index, once the volumes hold durably what a flush of the guest may have left to it alone. */
    void dropJournal(long upToIndex) {
        try {
            long owed = mode.owedNow();
            flushInline(volumes);
            mode.noteVolumesFlushed(owed);
            journal.trim(upToIndex);
        } catch (VrgException e) {
            LOG.warn("The journal can't be dropped: {}", e.getMessage());
        }
    }

    private static void flushInline(List<ProtectedVolume> volumes) throws StorageException {
        for (ProtectedVolume volume : volumes) {
            if (volume.inline) {
                volume.disk.flush();
            }
        }
    }

    /**
     * Trims what is durable at the DR side and stands, synced, in the volumes; releases the activity log. Volumes are
     * synced only when a segment's worth can be trimmed or the VM is idle.
     */
    synchronized void tidy(long safeSequence, boolean steady) throws VrgException {
        long index = indexOf(safeSequence);
        boolean idle = safeSequence == tidiedSequence && index == journal.lastIndex();
        if (index >= journal.firstIndex() && (idle || journal.usedBytes() > segmentBytes)) {
            flushInline(volumes);
            journal.trim(Math.min(index, journal.lastIndex()));
        }
        tidiedSequence = safeSequence;
        if (steady) {
            for (ProtectedVolume volume : volumes) {
                volume.activity.release(safeSequence);
            }
        }
    }

    /** See {@link #probe(VmFolder)}. */
    void probe() throws JournalException {
        probe(folder);
    }

    /** Whether journal or activity log take nothing more before {@link #replaceJournal}. */
    boolean journalFailed() {
        return !replaced || journal.failed() || volumes.stream().anyMatch(volume -> volume.activity.failed());
    }

    /**
     * Puts a fresh journal and fresh activity logs in the place of failed ones, while writes mark the bitmaps and nobody
     * reads the journal. Where records may be lost that the DR side does not have, the extents of the activity logs are
     * marked: they hold whatever is not yet safe.
     *
     * @param durableSequence up to where the DR side is durable
     */
    synchronized void replaceJournal(long durableSequence) throws VrgException {
        if (closed) {
            throw new JournalException(JournalException.Kind.FAILED, "the files of the VM are closed");
        }
        replaced = false;
        long owed = mode.owedNow();
        flushInline(volumes); // a flush of the guest may have left it to the journal
        mode.noteVolumesFlushed(owed);
        Journal failed = journal;
        if (failed.lastSequence() > durableSequence) {
            volumes.forEach(VmFiles::markActive);
        }
        failed.close();
        Journal fresh = Journal.open(journalSettings);
        journal = fresh;
        fresh.trim(fresh.lastIndex());
        for (ProtectedVolume volume : volumes) {
            volume.activity.close();
            try {
                Files.deleteIfExists(activeFile(folder, volume.id));
            } catch (IOException e) {
                throw new JournalException(JournalException.Kind.FAILED, "an activity log can't be deleted", e);
            }
            volume.activity = ActivityLog.open(activeFile(folder, volume.id), volume.sizeBytes());
        }
        epochBegan();
        replaced = true;
    }

    /** Whether a former start left files about a VM. */
    public static boolean exist(ProductionSettings settings, UUID vmUuid) {
        return Files.exists(VmFolder.of(settings, vmUuid).kept());
    }

    void delete() throws JournalException {
        delete(folder);
    }

    /** Removes all that is kept about a VM that is not open. */
    public static void delete(VmFolder folder) throws JournalException {
        deleteAll(folder.live());
        deleteAll(folder.kept());
    }

    private static void deleteAll(Path directory) throws JournalException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the files of a removed VM can't be deleted", e);
        }
    }

    @Override
    public synchronized void close() throws VrgException {
        closed = true;
        try {
            long owed = mode.owedNow();
            flushInline(volumes); // nothing is left to the journal alone, whoever writes the volumes next
            mode.noteVolumesFlushed(owed);
        } finally {
            closeParts();
        }
    }

    private void closeParts() throws VrgException {
        scrub.close();
        for (ProtectedVolume volume : volumes) {
            volume.close();
        }
        journal.close();
        mode.close();
    }
}
