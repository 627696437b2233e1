package org.openvrg.sample.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.openvrg.api.block.ForwardingVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.storage.StorageVolume;

/** An open volume of {@link SampleStorage}; thread-safe. */
final class SampleVolume extends ForwardingVolume<RawFileVolume> implements StorageVolume {
    private final Path ownerFile;
    private final boolean newlyOwned;
    private final Consumer<SampleVolume> onClose;

    SampleVolume(RawFileVolume raw, Path ownerFile, boolean newlyOwned, Consumer<SampleVolume> onClose) {
        super(raw);
        this.ownerFile = ownerFile;
        this.newlyOwned = newlyOwned;
        this.onClose = onClose;
    }

    Path ownerFile() {
        return ownerFile;
    }

    @Override
    public boolean newlyOwned() {
        return newlyOwned;
    }

    @Override
    public void release() throws StorageException {
        volume().flush();
        try {
            Files.deleteIfExists(ownerFile);
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "the owner of the volume can't be removed", e);
        }
        close();
    }

    @Override
    public void close() throws StorageException {
        volume().close();
        onClose.accept(this);
    }
}
