package org.openvrg.storage.localpome.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.storage.StorageVolume;

/** An image file with its claim; thread-safe. */
final class OwnedVolume implements StorageVolume {
    private final RawFileVolume raw;
    private final OwnerFile owner;
    private final String name;
    private final Consumer<OwnedVolume> onEnd;
    private final AtomicBoolean ended = new AtomicBoolean();

    /**
     * Takes the file and the claim over.
     *
     * @param onEnd called once when it is closed
     */
    OwnedVolume(RawFileVolume raw, OwnerFile owner, String name, Consumer<OwnedVolume> onEnd) {
        this.raw = raw;
        this.owner = owner;
        this.name = name;
        this.onEnd = onEnd;
    }

    @Override
    public long sizeBytes() {
        return raw.sizeBytes();
    }

    @Override
    public void read(long offsetBytes, ByteBuffer target) throws StorageException {
        raw.read(offsetBytes, target);
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) throws StorageException {
        raw.write(offsetBytes, source);
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        raw.zero(offsetBytes, lengthBytes, mayUnmap);
    }

    @Override
    public void flush() throws StorageException {
        raw.flush();
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        return raw.extents(offsetBytes, lengthBytes);
    }

    @Override
    public void release() throws StorageException {
        raw.flush();
        end(true);
    }

    @Override
    public void close() throws StorageException {
        end(false);
    }

    private void end(boolean release) throws StorageException {
        if (!ended.compareAndSet(false, true)) {
            return;
        }
        try (owner) {
            raw.close();
            if (release) {
                owner.release();
            }
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + ": its owner file could not be closed", e);
        } finally {
            onEnd.accept(this);
        }
    }
}
