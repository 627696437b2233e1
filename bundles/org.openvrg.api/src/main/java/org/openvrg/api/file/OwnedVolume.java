package org.openvrg.api.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.StorageVolume;

/** A volume with its claim; thread-safe. */
final class OwnedVolume implements StorageVolume {
    private final BlockVolume volume;
    private final Claim claim;
    private final String name;
    private final Consumer<OwnedVolume> onEnd;
    private final AtomicBoolean ended = new AtomicBoolean();

    /**
     * Takes the volume and the claim over.
     *
     * @param onEnd called once when it is closed
     */
    OwnedVolume(BlockVolume volume, Claim claim, String name, Consumer<OwnedVolume> onEnd) {
        this.volume = volume;
        this.claim = claim;
        this.name = name;
        this.onEnd = onEnd;
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
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        return volume.extents(offsetBytes, lengthBytes);
    }

    @Override
    public void release() throws StorageException {
        volume.flush();
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
        try (claim) {
            volume.close();
            if (release) {
                claim.release();
            }
        } catch (IOException e) {
            throw new StorageException(
                    Kind.IO, "volume " + name + ": its ownership could not be given up or closed", e);
        } finally {
            onEnd.accept(this);
        }
    }
}
