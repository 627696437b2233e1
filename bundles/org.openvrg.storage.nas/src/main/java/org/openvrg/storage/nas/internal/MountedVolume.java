package org.openvrg.storage.nas.internal;

import java.nio.ByteBuffer;
import java.util.List;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.StorageVolume;

/** A volume on a mounted share, which is not flushed unless that mount is still there. Thread-safe. */
final class MountedVolume implements StorageVolume {
    private final StorageVolume volume;
    private final Mount mount;
    private final String mountId;

    MountedVolume(StorageVolume volume, Mount mount, String mountId) {
        this.volume = volume;
        this.mount = mount;
        this.mountId = mountId;
    }

    @Override
    public long sizeBytes() {
        return volume.sizeBytes();
    }

    @Override
    public void read(long offsetBytes, ByteBuffer target) throws StorageException {
        volume.read(offsetBytes, target);
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) throws StorageException {
        volume.write(offsetBytes, source);
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        volume.zero(offsetBytes, lengthBytes, mayUnmap);
    }

    @Override
    public void flush() throws StorageException {
        volume.flush();
        checkMount();
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        return volume.extents(offsetBytes, lengthBytes);
    }

    @Override
    public void release() throws StorageException {
        checkMount();
        volume.release();
    }

    @Override
    public void close() throws StorageException {
        volume.close();
    }

    /** Refuses unless the share is still mounted as it was. */
    void checkMount() throws StorageException {
        if (!mount.id().equals(mountId)) {
            throw new StorageException(Kind.IO, "the share was mounted anew under the open volume");
        }
    }
}
