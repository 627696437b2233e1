package org.openvrg.replication.internal.production;

import java.io.IOException;
import java.nio.file.Files;
import java.util.BitSet;
import java.util.List;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.journal.ActivityLog;
import org.openvrg.journal.Journal;
import org.openvrg.replication.internal.machine.ProductionMachine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All that a protected VM keeps at the production side: {@code journal/}, {@code mode}, and {@code <key>.active} of
 * each volume on the disk; a live {@code mode} and {@code <key>.dirty} of each volume in the machine's memory (see
 * {@link VmFolder}). {@link VmRecovery} opens it.
 */
public final class VmFiles implements AutoCloseable {
    /** Size of a block of the dirty bitmap. */
    public static final int BLOCK_BYTES = 64 * 1024;

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
    private final boolean damagedAtOpen;
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

    /** False while a replacement of the journal was begun and did not come to its end. */
    private volatile boolean replaced = true;

    private boolean closed;

    /**
     * What was opened.
     *
     * @param damaged whether what was left behind can't be trusted
     */
    record Parts(
            VmFolder folder,
            Journal.Settings journalSettings,
            Journal journal,
            ModeFile mode,
            List<ProtectedVolume> volumes,
            boolean damaged) {}

    /**
     * Takes what was brought into step.
     *
     * @param gapCovered whether records may be missing after the newest one, with their extents marked
     */
    VmFiles(Parts parts, ProductionMachine.Saved saved, boolean gapCovered) {
        this.folder = parts.folder();
        this.journalSettings = parts.journalSettings();
        this.journal = parts.journal();
        this.mode = parts.mode();
        this.scrub = new ScrubFile(parts.folder().scrub());
        this.volumes = List.copyOf(parts.volumes());
        this.saved = saved;
        this.gapCovered = gapCovered;
        this.segmentBytes = parts.journalSettings().segmentBytes();
        this.damagedAtOpen = parts.damaged();
        epochBegan();
    }

    /** Whether what was left behind can't be trusted. */
    boolean damagedAtOpen() {
        return damagedAtOpen;
    }

    static void markActive(ProtectedVolume volume) {
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
                new ProductionMachine.Retained(firstSequence(), journal.lastSequence(), epochBegin(), gapCovered),
                volumes.stream().allMatch(volume -> volume.inline));
    }

    private long epochBegin() {
        if (journal.epoch() != saved.epoch()) {
            return 0;
        }
        try {
            return journal.epochFirstSequence();
        } catch (JournalException e) {
            LOG.warn("What can't be read is copied when its turn has come: {}", e.getMessage());
            return 0;
        }
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

    static void flushInline(List<ProtectedVolume> volumes) throws StorageException {
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

    /** See {@link VmFolder#probe}. */
    void probe() throws JournalException {
        folder.probe();
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
                Files.deleteIfExists(folder.active(volume.id));
            } catch (IOException e) {
                throw new JournalException(JournalException.Kind.FAILED, "an activity log can't be deleted", e);
            }
            volume.activity = ActivityLog.open(folder.active(volume.id), volume.sizeBytes());
        }
        epochBegan();
        replaced = true;
    }

    void delete() throws JournalException {
        folder.delete();
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
