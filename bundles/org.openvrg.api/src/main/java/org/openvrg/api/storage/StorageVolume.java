package org.openvrg.api.storage;

import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.osgi.annotation.versioning.ConsumerType;

/** An open standby volume with its owner. {@link #close()} keeps the ownership, {@link #release()} gives it up. */
@ConsumerType
public interface StorageVolume extends BlockVolume {
    /** Flushes, gives the ownership up and closes, so that anybody can open the volume. */
    void release() throws StorageException;
}
