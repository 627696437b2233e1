package org.openvrg.replication.internal.production;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;

/**
 * Reads a disk that a hypervisor writes. A reader that fails, because the guest was restarted or moved, is closed, and
 * another one opened with the next call. Thread-safe.
 */
public final class MirrorReader implements BlockVolume {
    private final VmFiles.Opener opener;
    private final long sizeBytes;
    private Optional<BlockVolume> open;
    private boolean closed;

    private MirrorReader(VmFiles.Opener opener, BlockVolume first) {
        this.opener = opener;
        this.sizeBytes = first.sizeBytes();
        this.open = Optional.of(first);
    }

    /** Opens the first reader, which tells the size. */
    public static MirrorReader open(VmFiles.Opener opener) throws StorageException {
        return new MirrorReader(opener, opener.open());
    }

    private synchronized BlockVolume reader() throws StorageException {
        if (closed) {
            throw new StorageException(Kind.CLOSED, "the reader of the disk is closed");
        }
        if (open.isEmpty()) {
            BlockVolume next = opener.open();
            if (next.sizeBytes() != sizeBytes) {
                next.close();
                throw new StorageException(
                        Kind.IO, "the disk has " + next.sizeBytes() + " bytes now, and had " + sizeBytes);
            }
            open = Optional.of(next);
        }
        return open.get();
    }

    private synchronized void failed(BlockVolume reader, StorageException failure) {
        if (failure.kind() == Kind.OUT_OF_RANGE || open.isEmpty() || open.get() != reader) {
            return;
        }
        open = Optional.empty();
        try {
            reader.close();
        } catch (StorageException e) {
            failure.addSuppressed(e);
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(long offsetBytes, ByteBuffer target) throws StorageException {
        BlockVolume reader = reader();
        try {
            reader.read(offsetBytes, target);
        } catch (StorageException e) {
            failed(reader, e);
            throw e;
        }
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) throws StorageException {
        throw readOnly();
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        throw readOnly();
    }

    private static StorageException readOnly() {
        return new StorageException(Kind.READ_ONLY, "the disk is written by its hypervisor only");
    }

    @Override
    public void flush() {
        // nothing was written
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        BlockVolume reader = reader();
        try {
            return reader.extents(offsetBytes, lengthBytes);
        } catch (StorageException e) {
            failed(reader, e);
            throw e;
        }
    }

    @Override
    public synchronized void close() throws StorageException {
        closed = true;
        Optional<BlockVolume> last = open;
        open = Optional.empty();
        if (last.isPresent()) {
            last.get().close();
        }
    }
}
