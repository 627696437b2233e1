package org.openvrg.api.file;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.block.ForwardingVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.StorageVolume;

/** A volume with its claim; thread-safe. */
final class OwnedVolume extends ForwardingVolume<BlockVolume> implements StorageVolume {
    private final Claim claim;
    private final boolean newlyOwned;
    private final String name;
    private final Consumer<OwnedVolume> onEnd;
    private final AtomicBoolean ended = new AtomicBoolean();

    /**
     * Takes the volume and the claim over.
     *
     * @param onEnd called once when it is closed
     */
    OwnedVolume(BlockVolume volume, Claim claim, String name, Consumer<OwnedVolume> onEnd) {
        super(volume);
        this.claim = claim;
        this.newlyOwned = claim.isNew();
        this.name = name;
        this.onEnd = onEnd;
    }

    @Override
    public boolean newlyOwned() {
        return newlyOwned;
    }

    @Override
    public boolean survivesProcess() {
        return volume().survivesProcess();
    }

    @Override
    public void release() throws StorageException {
        volume().flush();
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
            volume().close();
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
