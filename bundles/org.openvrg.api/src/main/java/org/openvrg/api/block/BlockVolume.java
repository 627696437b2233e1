package org.openvrg.api.block;

import java.nio.ByteBuffer;
import java.util.List;
import org.openvrg.api.failure.StorageException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A volume with random access. Calls block; any thread may call, also at once. Ranges outside
 * {@code 0..sizeBytes()} are refused with {@link StorageException.Kind#OUT_OF_RANGE} before anything is changed.
 * Every failure of the storage is a {@link StorageException}; after {@link #close()} each call fails with
 * {@link StorageException.Kind#CLOSED}.
 */
@ConsumerType
public interface BlockVolume extends AutoCloseable {
    /** Size in bytes, constant while the volume is open. */
    long sizeBytes();

    /** Fills {@code target} from its position to its limit with the bytes at {@code offsetBytes}. */
    void read(long offsetBytes, ByteBuffer target) throws StorageException;

    /** Writes all that remains in {@code source} at {@code offsetBytes}. */
    void write(long offsetBytes, ByteBuffer source) throws StorageException;

    /**
     * Makes a range read as zeroes.
     *
     * @param mayUnmap whether its space may be given back to the storage
     */
    void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException;

    /** Returns once everything written before the call survives a power loss. */
    void flush() throws StorageException;

    /**
     * Whether a write that has returned outlives the end of this process without a flush, as the kernel has it. Storage
     * that is written by another process, or may be gone with what the kernel has not yet written to it, answers false.
     */
    default boolean survivesProcess() {
        return false;
    }

    /**
     * What is known of the allocation of a range: consecutive extents that cover exactly the range. A volume that
     * can't tell answers one extent of data.
     */
    List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException;

    /** Closes; may be called twice. Does not flush. */
    @Override
    void close() throws StorageException;
}
