package org.openvrg.qemu.mirror;

import java.nio.ByteBuffer;
import java.time.Duration;
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
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a live disk through the NBD server of the QEMU that runs it, so it sees what the guest wrote. After a broken
 * connection, a pause, a restart or a migration the next call finds the disk anew. Thread-safe, one request at a time.
 */
final class LiveReader implements BlockVolume {
    private static final Logger LOG = LoggerFactory.getLogger(LiveReader.class);

    private final VolumeId volume;
    private final DiskFinder finder;
    private final LiveReaders all;
    private final ReentrantLock lock = new ReentrantLock();
    private long sizeBytes;
    private long usedNanos;
    private volatile Optional<Connection> connection = Optional.empty();
    /** Where the export is that has to be removed again. */
    private Optional<LiveDisk> exported = Optional.empty();
    /** Where the volume was captured last. */
    private volatile Optional<QmpClient> place = Optional.empty();

    private volatile boolean closed;

    private record Connection(NbdClient client, QmpClient monitor) {}

    LiveReader(VolumeId volume, DiskFinder finder, LiveReaders all) {
        this.volume = volume;
        this.finder = finder;
        this.all = all;
    }

    private interface Call<T> {
        T on(NbdClient client) throws StorageException;
    }

    /** Finds and opens the disk for the first time. */
    void start() throws StorageException {
        lock.lock();
        try {
            connection = Optional.of(connect());
            sizeBytes = connection.get().client().sizeBytes();
        } finally {
            lock.unlock();
        }
    }

    VolumeId volume() {
        return volume;
    }

    boolean isConnectedTo(QmpClient monitor) {
        Optional<Connection> now = connection;
        return now.isPresent() && now.get().monitor().equals(monitor);
    }

    /** The disk is captured there from now on: what another QEMU reads is out of date once this has returned. */
    void moved(LiveDisk to) {
        place = Optional.of(to.monitor());
        Optional<Connection> now = connection;
        if (now.isPresent() && !now.get().monitor().equals(to.monitor())) {
            try {
                // its next call fails, and the one after that finds the disk anew
                now.get().client().close();
            } catch (StorageException e) {
                LOG.debug("The connection to volume {} does not close: {}", volume, e.getMessage());
            }
        }
    }

    private Connection connect() throws StorageException {
        Optional<QmpClient> before = place;
        try {
            LiveDisk disk = finder.find();
            if (exported.isPresent() && !exported.get().monitor().equals(disk.monitor())) {
                unexport(exported.get());
            }
            NbdClient client = open(disk);
            if (client.sizeBytes() != disk.sizeBytes()) {
                // an export keeps the size that the disk had when it was made
                client.close();
                new LiveExports(disk, MirrorNames.of(volume)).removeReader();
                client = open(disk);
            }
            usedNanos = System.nanoTime();
            if (!place.equals(before) && !place.equals(Optional.of(disk.monitor()))) {
                client.close();
                throw new StorageException(Kind.IO, "volume " + volume + " went to another host just now");
            }
            return new Connection(client, disk.monitor());
        } catch (PlatformException e) {
            throw new StorageException(Kind.PATH_WRONG, String.valueOf(e.getMessage()), e);
        } catch (QmpException e) {
            throw new StorageException(Kind.IO, "volume " + volume + " can't be read: " + e.getMessage(), e);
        }
    }

    private NbdClient open(LiveDisk disk) throws QmpException, PlatformException, StorageException {
        // nobody who tidies up takes the export away before it is connected to
        synchronized (disk.monitor()) {
            exported = Optional.of(disk);
            String export = new LiveExports(disk, MirrorNames.of(volume)).addReader();
            NbdClient client = NbdClient.open(disk.reader(), export, LiveExports.READ_LIMIT);
            connection = Optional.of(new Connection(client, disk.monitor()));
            return client;
        }
    }

    private <T> T call(Call<T> call) throws StorageException {
        lock.lock();
        try {
            if (closed) {
                throw new StorageException(Kind.CLOSED, "volume " + volume + " is closed");
            }
            Connection now = connection.isPresent() ? connection.get() : connect();
            connection = Optional.of(now);
            usedNanos = System.nanoTime();
            if (now.client().sizeBytes() != sizeBytes) {
                throw new StorageException(
                        Kind.IO,
                        "volume " + volume + " has " + now.client().sizeBytes() + " bytes, it had " + sizeBytes);
            }
            return call.on(now.client());
        } catch (StorageException e) {
            if (e.kind() != Kind.OUT_OF_RANGE) {
                drop();
            }
            throw e;
        } finally {
            usedNanos = System.nanoTime();
            lock.unlock();
        }
    }

    private void drop() throws StorageException {
        Optional<Connection> broken = connection;
        connection = Optional.empty();
        if (broken.isPresent()) {
            broken.get().client().close();
        }
    }

    /**
     * Gives up what was not used for so long or is closed, and takes away what that has left in QEMU.
     *
     * @return whether it is closed and nothing is left
     */
    boolean tidy(Duration idle) {
        if (!lock.tryLock()) {
            return false; // it reads
        }
        try {
            if (connection.isPresent() && (closed || System.nanoTime() - usedNanos > idle.toNanos())) {
                drop();
            }
            if (connection.isEmpty() && exported.isPresent()) {
                unexport(exported.get());
            }
        } catch (StorageException e) {
            LOG.debug("The connection to volume {} does not close: {}", volume, e.getMessage());
        } finally {
            lock.unlock();
        }
        return closed && connection.isEmpty() && exported.isEmpty();
    }

    private void unexport(LiveDisk disk) {
        exported = Optional.empty();
        try {
            // the QEMU may live on where the connection to its monitor does not
            LiveDisk now = disk.monitor().isOpen() ? disk : finder.find();
            synchronized (now.monitor()) {
                if (!all.hasOther(this, now.monitor())) {
                    new LiveExports(now, MirrorNames.of(volume)).removeReader();
                }
            }
        } catch (PlatformException e) {
            LOG.debug("What reading volume {} needed is gone with its QEMU: {}", volume, e.getMessage());
        } catch (QmpException e) {
            LOG.warn("What reading volume {} needed can't be taken away: {}", volume, e.getMessage());
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
        Optional<Connection> open = connection;
        if (open.isPresent()) {
            // ends a read that hangs, too
            open.get().client().close();
        }
    }
}
