package org.openvrg.qemu.mirror;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.model.VolumeId;
import org.openvrg.nbd.client.NbdClient;
import org.openvrg.qemu.qmp.QmpException;

/**
 * Reads a live disk through the NBD server of the QEMU that runs it, so it sees what the guest wrote. After a broken
 * connection, a restart or a migration the next call finds the disk anew. The export stays until the capture of the
 * volume is forgotten or the QEMU ends. Thread-safe, one request at a time.
 */
public final class LiveReader implements BlockVolume {
    private final VolumeId volume;
    private final DiskFinder finder;
    private final ReentrantLock lock = new ReentrantLock();
    private final long sizeBytes;
    private Optional<NbdClient> connection;
    private volatile boolean closed;

    /** Finds and opens the disk. */
    public LiveReader(VolumeId volume, DiskFinder finder) throws StorageException {
        this.volume = volume;
        this.finder = finder;
        NbdClient first = connect();
        this.connection = Optional.of(first);
        this.sizeBytes = first.sizeBytes();
    }

    private interface Call<T> {
        T on(NbdClient client) throws StorageException;
    }

    private NbdClient connect() throws StorageException {
        try {
            LiveDisk disk = finder.find();
            String export = new LiveExports(disk, MirrorNames.of(volume)).addReader();
            return NbdClient.open(disk.reader(), export, LiveExports.READ_LIMIT);
        } catch (PlatformException e) {
            throw new StorageException(Kind.PATH_WRONG, String.valueOf(e.getMessage()), e);
        } catch (QmpException e) {
            throw new StorageException(Kind.IO, "volume " + volume + " can't be read: " + e.getMessage(), e);
        }
    }

    private <T> T call(Call<T> call) throws StorageException {
        lock.lock();
        try {
            if (closed) {
                throw new StorageException(Kind.CLOSED, "volume " + volume + " is closed");
            }
            NbdClient client = connection.isPresent() ? connection.get() : connect();
            connection = Optional.of(client);
            if (client.sizeBytes() != sizeBytes) {
                throw new StorageException(
                        Kind.IO, "volume " + volume + " has " + client.sizeBytes() + " bytes, it had " + sizeBytes);
            }
            return call.on(client);
        } catch (StorageException e) {
            if (e.kind() == Kind.IO || e.kind() == Kind.CLOSED) {
                drop();
            }
            throw e;
        } finally {
            lock.unlock();
        }
    }

    private void drop() throws StorageException {
        Optional<NbdClient> broken = connection;
        connection = Optional.empty();
        if (broken.isPresent()) {
            broken.get().close();
        }
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(long offsetBytes, ByteBuffer target) throws StorageException {
        call(client -> {
            client.read(offsetBytes, target);
            return true;
        });
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) throws StorageException {
        throw readOnly();
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        throw readOnly();
    }

    private StorageException readOnly() {
        return closed
                ? new StorageException(Kind.CLOSED, "volume " + volume + " is closed")
                : new StorageException(Kind.READ_ONLY, "volume " + volume + " is a VM's live disk, it is only read");
    }

    @Override
    public void flush() throws StorageException {
        call(client -> true);
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        return call(client -> client.extents(offsetBytes, lengthBytes));
    }

    @Override
    public void close() throws StorageException {
        closed = true;
        Optional<NbdClient> open = connection;
        if (open.isPresent()) {
            // ends a read that hangs, too
            open.get().close();
        }
    }
}
