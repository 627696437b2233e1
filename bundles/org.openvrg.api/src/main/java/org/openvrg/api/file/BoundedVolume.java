package org.openvrg.api.file;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.StorageVolume;

/**
 * A volume whose calls end in time. After one that did not, each fails: what was written since the last flush may be
 * lost. Bytes are copied, as a call that was given up still uses its buffer. Thread-safe.
 */
final class BoundedVolume implements StorageVolume {
    private final BoundedCalls calls;
    private final StorageVolume volume;
    private final String name;
    private final long sizeBytes;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicReference<Optional<String>> failure = new AtomicReference<>(Optional.empty());

    BoundedVolume(BoundedCalls calls, StorageVolume volume, String name) {
        this.calls = calls;
        this.volume = volume;
        this.name = name;
        this.sizeBytes = volume.sizeBytes();
    }

    private interface Change {
        void run() throws StorageException;
    }

    @Override
    public boolean newlyOwned() {
        return volume.newlyOwned();
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(long offsetBytes, ByteBuffer target) throws StorageException {
        ByteBuffer own = ByteBuffer.allocate(target.remaining());
        change(() -> volume.read(offsetBytes, own));
        target.put(own.flip());
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) throws StorageException {
        ByteBuffer own =
                ByteBuffer.allocate(source.remaining()).put(source.duplicate()).flip();
        change(() -> volume.write(offsetBytes, own));
        source.position(source.limit());
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        change(() -> volume.zero(offsetBytes, lengthBytes, mayUnmap));
    }

    @Override
    public void flush() throws StorageException {
        change(volume::flush);
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        return call(() -> volume.extents(offsetBytes, lengthBytes));
    }

    @Override
    public void release() throws StorageException {
        change(volume::release);
        closed.set(true);
    }

    @Override
    public void close() throws StorageException {
        if (closed.compareAndSet(false, true)) {
            calls.call(
                    name,
                    () -> {
                        volume.close();
                        return true;
                    },
                    late -> {});
        }
    }

    private void change(Change change) throws StorageException {
        call(() -> {
            change.run();
            return true;
        });
    }

    private <T> T call(BoundedCalls.Call<T> call) throws StorageException {
        if (closed.get()) {
            throw new StorageException(Kind.CLOSED, "volume " + name + " is closed");
        }
        Optional<String> before = failure.get();
        if (before.isPresent()) {
            throw new StorageException(Kind.IO, before.get());
        }
        AtomicBoolean ended = new AtomicBoolean();
        try {
            return calls.call(
                    name,
                    () -> {
                        try {
                            return call.run();
                        } finally {
                            ended.set(true);
                        }
                    },
                    late -> {});
        } catch (StorageException e) {
            if (!ended.get()) {
                failure.compareAndSet(Optional.empty(), Optional.of(e.getMessage()));
            }
            throw e;
        }
    }
}
