package org.openvrg.replication.internal.production;

import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
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
 * Opens what a VM left behind, and brings volumes and journal into step. Stateless.
 *
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
public final class VmRecovery {
    private static final Logger LOG = LoggerFactory.getLogger(VmRecovery.class);

    private VmRecovery() {}

    /** Opens, recovers and redoes; closes what it opened when it fails. */
    public static VmFiles open(ProductionSettings settings, UUID vmUuid, List<VmFiles.Disk> disks) throws VrgException {
        VmFolder folder = VmFolder.of(settings, vmUuid);
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        try {
            ModeFile mode = ModeFile.open(folder.liveMode(), folder.keptMode(), settings.bootId());
            opened.push(mode);
            Journal.Settings journalSettings =
                    new Journal.Settings(folder.journal(), settings.segmentBytes(), settings.journalLimitBytes());
            Journal journal = Journal.open(journalSettings);
            opened.push(journal);
            List<VolumeId> ids = disks.stream().map(VmFiles.Disk::id).toList();
            folder.forgetRemoved(ids);
            boolean trusted = !mode.fresh() && journal.damage().isEmpty();
            boolean added = false;
            List<ProtectedVolume> volumes = new ArrayList<>();
            for (VmFiles.Disk disk : disks) {
                boolean known = Files.exists(folder.active(disk.id()));
                boolean marksLost = known && mode.sameBoot() && !Files.exists(folder.dirty(disk.id()));
                ProtectedVolume volume = openVolume(folder, disk, opened);
                trusted &= !volume.dirty.wasDamaged() && !marksLost;
                if (!known) {
                    added = true;
                    volume.dirty.markAll();
                }
                volumes.add(volume);
            }
            boolean damaged = !mode.fresh() && !trusted;
            VmFiles.Parts parts = new VmFiles.Parts(folder, journalSettings, journal, mode, volumes, damaged);
            VmFiles files = recover(vmUuid, parts, trusted, added);
            folder.remember(ids);
            return files;
        } catch (VrgException | RuntimeException e) {
            closeAll(opened, e);
            throw e;
        }
    }

    private static ProtectedVolume openVolume(VmFolder folder, VmFiles.Disk disk, Deque<AutoCloseable> opened)
            throws VrgException {
        BlockVolume volume = disk.opener().open();
        opened.push(volume);
        DirtyBitmap dirty = DirtyBitmap.open(folder.dirty(disk.id()), volume.sizeBytes(), VmFiles.BLOCK_BYTES);
        opened.push(dirty);
        ActivityLog activity = ActivityLog.open(folder.active(disk.id()), volume.sizeBytes());
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
    private static VmFiles recover(UUID vmUuid, VmFiles.Parts parts, boolean sound, boolean added) throws VrgException {
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
        VmFiles.flushInline(parts.volumes()); // a flush of the guest may have left it to the journal alone
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
        return new VmFiles(parts, saved, gap);
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
}
