package org.openvrg.api.storage;

import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.osgi.annotation.versioning.ConsumerType;

/** An open standby volume with its owner. {@link #close()} keeps the ownership, {@link #release()} gives it up. */
@ConsumerType
public interface StorageVolume extends BlockVolume {
    /**
     * Whether nobody owned the volume before it was opened: nothing is known then of what it holds. A volume that its
     * owner closed and opens again is not newly owned; one that was made anew in the place of a lost one is.
     */
    boolean newlyOwned();

    /** Flushes, gives the ownership up and closes, so that anybody can open the volume. */
    void release() throws StorageException;
}
