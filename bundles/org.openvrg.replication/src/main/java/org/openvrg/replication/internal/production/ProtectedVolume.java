package org.openvrg.replication.internal.production;

import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.journal.ActivityLog;
import org.openvrg.journal.DirtyBitmap;

/** A volume of a protected VM with all that belongs to it. Thread-safe as its parts are. */
final class ProtectedVolume implements AutoCloseable {
    final VolumeId id;
    final VolumeKey key;
    final BlockVolume disk;
    /** Whether the export writes the disk itself; else the hypervisor does. */
    final boolean inline;

    final DirtyBitmap dirty;
    /** Another one once {@link VmFiles#replaceJournal} has put it there. */
    volatile ActivityLog activity;

    final ReadTracker reads = new ReadTracker();

    /** Whether writes may stand in the disk's cache alone, because they were answered without the journal. */
    private volatile boolean unsynced = true;

    ProtectedVolume(VolumeId id, BlockVolume disk, boolean inline, DirtyBitmap dirty, ActivityLog activity) {
        this.id = id;
        this.key = id.key();
        this.disk = disk;
        this.inline = inline;
        this.dirty = dirty;
        this.activity = activity;
    }

    long sizeBytes() {
        return disk.sizeBytes();
    }

    @Override
    public void close() throws VrgException {
        try {
            dirty.close();
            activity.close();
        } finally {
            disk.close();
        }
    }

    /** A write stands in the disk that is not in the journal; call before it is answered. */
    void writtenBesideJournal() {
        unsynced = true;
    }

    /** Makes survive a power loss what is not in the journal. */
    void flushUnjournalled() throws StorageException {
        if (inline && unsynced) {
            unsynced = false;
            try {
                disk.flush();
            } catch (StorageException e) {
                unsynced = true;
                throw e;
            }
        }
    }

    /** Makes the volume survive a power loss: what a flush means while the journal is not used. */
    void flushMarked() throws StorageException {
        if (inline) {
            disk.flush();
        }
    }
}
