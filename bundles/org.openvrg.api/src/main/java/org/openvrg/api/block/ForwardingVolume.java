package org.openvrg.api.block;

import java.nio.ByteBuffer;
import java.util.List;
import org.openvrg.api.failure.StorageException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A volume that hands every call on to another one: a base for volumes that add something to it. As thread-safe as that.
 *
 * @param <V> kind of the other one
 */
@ConsumerType
public abstract class ForwardingVolume<V extends BlockVolume> implements BlockVolume {
    private final V volume;

    /** Over a volume, which is closed with this one. */
    protected ForwardingVolume(V volume) {
        this.volume = volume;
    }

    /** The other one. */
    protected final V volume() {
        return volume;
    }

    @Override
    public final long sizeBytes() {
        return volume.sizeBytes();
    }

    @Override
    public final void read(long offsetBytes, ByteBuffer target) throws StorageException {
        volume.read(offsetBytes, target);
    }

    @Override
    public final void write(long offsetBytes, ByteBuffer source) throws StorageException {
        volume.write(offsetBytes, source);
    }

    @Override
    public final void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        volume.zero(offsetBytes, lengthBytes, mayUnmap);
    }

    @Override
    public void flush() throws StorageException {
        volume.flush();
    }

    @Override
    public final List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        return volume.extents(offsetBytes, lengthBytes);
    }

    @Override
    public void close() throws StorageException {
        volume.close();
    }
}
