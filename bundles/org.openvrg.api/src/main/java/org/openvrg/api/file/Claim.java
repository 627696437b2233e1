package org.openvrg.api.file;

import java.io.IOException;
import org.openvrg.api.failure.StorageException;

/**
 * The ownership of one volume, as it is kept with the volume or beside it. {@link #close()} keeps it,
 * {@link #release()} gives it up. Used by one thread at a time.
 */
public interface Claim extends AutoCloseable {
    /** Whether nobody owned the volume before. */
    boolean isNew();

    /** Gives the ownership up and closes: anybody may own the volume afterwards, also after a power loss. */
    void release() throws IOException, StorageException;

    /** Lets go of locks and keeps the ownership; may be called twice. */
    @Override
    void close() throws IOException;
}
