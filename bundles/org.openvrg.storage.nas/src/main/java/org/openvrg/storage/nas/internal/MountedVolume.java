package org.openvrg.storage.nas.internal;

import org.openvrg.api.block.ForwardingVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.StorageVolume;

/** A volume on a mounted share, which is not flushed unless that mount is still there. Thread-safe. */
final class MountedVolume extends ForwardingVolume<StorageVolume> implements StorageVolume {
    private final Mount mount;
    private final String mountId;

    MountedVolume(StorageVolume volume, Mount mount, String mountId) {
        super(volume);
        this.mount = mount;
        this.mountId = mountId;
    }

    @Override
    public boolean newlyOwned() {
        return volume().newlyOwned();
    }

    @Override
    public void flush() throws StorageException {
        volume().flush();
        checkMount();
    }

    @Override
    public void release() throws StorageException {
        checkMount();
        volume().release();
    }

    /** Refuses unless the share is still mounted as it was. */
    void checkMount() throws StorageException {
        if (!mount.id().equals(mountId)) {
            throw new StorageException(Kind.IO, "the share was mounted anew under the open volume");
        }
    }
}
