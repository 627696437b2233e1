package org.openvrg.sample.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.storage.StorageVolume;

/** An open volume of {@link SampleStorage}; thread-safe. */
final class SampleVolume implements StorageVolume {
    private final RawFileVolume raw;
    private final Path ownerFile;
    private final Consumer<SampleVolume> onClose;

    SampleVolume(RawFileVolume raw, Path ownerFile, Consumer<SampleVolume> onClose) {
        this.raw = raw;
        this.ownerFile = ownerFile;
        this.onClose = onClose;
    }

    Path ownerFile() {
        return ownerFile;
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
        try {
            Files.deleteIfExists(ownerFile);
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "the owner of the volume can't be removed", e);
        }
        close();
    }

    @Override
    public void close() throws StorageException {
        raw.close();
        onClose.accept(this);
    }
}
