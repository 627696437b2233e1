package org.openvrg.qemu.storage.internal;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.nbd.client.NbdClient;

/**
 * A volume behind a storage daemon. Once a flush failed, an answer did not come in time, or the daemon is gone, every
 * call fails: what was written since the last flush may be lost, and its writer must not take it for safe. Thread-safe.
 */
final class DaemonVolume implements BlockVolume {
    /** Longest range that is zeroed at once: storage that can't do it writes the zeroes, and has to end in time. */
    private static final long MAX_ZERO_BYTES = 32L << 20;

    private final StorageDaemon daemon;
    private final NbdClient client;
    private final String name;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicReference<Optional<String>> failure = new AtomicReference<>(Optional.empty());

    DaemonVolume(StorageDaemon daemon, NbdClient client, String name) {
        this.daemon = daemon;
        this.client = client;
        this.name = name;
    }

    private interface Call<T> {
        T run() throws StorageException;
    }

    @Override
    public long sizeBytes() {
        return client.sizeBytes();
    }

    @Override
    public void read(long offsetBytes, ByteBuffer target) throws StorageException {
        checkRange(offsetBytes, target.remaining());
        call(false, () -> {
            client.read(offsetBytes, target);
            return true;
        });
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) throws StorageException {
        checkRange(offsetBytes, source.remaining());
        call(false, () -> {
            client.write(offsetBytes, source);
            return true;
        });
    }

    /** What reads as zeroes already is left alone: several formats would take space for it. */
    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        checkRange(offsetBytes, lengthBytes);
        call(false, () -> {
            long done = 0;
            do {
                long length = Math.min(MAX_ZERO_BYTES, lengthBytes - done);
                long at = offsetBytes + done;
                for (BlockExtent extent : client.extents(at, length)) {
                    if (!extent.zero()) {
                        client.zero(at, extent.lengthBytes(), mayUnmap);
                    }
                    at += extent.lengthBytes();
                }
                done += length;
            } while (done < lengthBytes);
            return true;
        });
    }

    @Override
    public void flush() throws StorageException {
        call(true, () -> {
            client.flush();
            return true;
        });
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        checkRange(offsetBytes, lengthBytes);
        return call(false, () -> client.extents(offsetBytes, lengthBytes));
    }

    @Override
    public void close() throws StorageException {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try (client) {
            boolean ended = failure.get().isEmpty() ? daemon.close() : daemon.kill();
            if (!ended) {
                throw new StorageException(
                        Kind.IO, "volume " + name + ": its storage daemon hangs and can't be ended yet");
            }
        }
    }

    private void checkRange(long offsetBytes, long lengthBytes) throws StorageException {
        if (closed.get()) {
            throw new StorageException(Kind.CLOSED, "volume " + name + " is closed");
        }
        if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes > sizeBytes() - lengthBytes) {
            throw new StorageException(
                    Kind.OUT_OF_RANGE,
                    "volume " + name + ": " + lengthBytes + " bytes at " + offsetBytes + " are not within "
                            + sizeBytes() + " bytes");
        }
    }

    private <T> T call(boolean mustSucceed, Call<T> call) throws StorageException {
        if (closed.get()) {
            throw new StorageException(Kind.CLOSED, "volume " + name + " is closed");
        }
        Optional<String> before = failure.get();
        if (before.isPresent()) {
            throw new StorageException(Kind.IO, "volume " + name + " has failed: " + before.get());
        }
        try {
            return call.run();
        } catch (StorageException e) {
            if (closed.get()) {
                throw new StorageException(Kind.CLOSED, "volume " + name + " is closed", e);
            }
            if (mustSucceed || e.getCause() != null || e.kind() == Kind.CLOSED) {
                fail(e);
            }
            // QEMU has one error for whatever NBD has no number for, which elsewhere tells of a wrong range
            Kind kind = e.kind() == Kind.NO_SPACE || e.kind() == Kind.READ_ONLY ? e.kind() : Kind.IO;
            throw new StorageException(kind, "volume " + name + ": " + e.getMessage(), e);
        }
    }

    /** For good; the daemon is killed, so that nothing of it reaches the storage later on. */
    private void fail(StorageException cause) {
        if (failure.compareAndSet(Optional.empty(), Optional.of(cause.getMessage()))) {
            daemon.kill();
        }
    }
}
