package org.openvrg.qemu.storage;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * QEMU's block layer as a service; thread-safe. Every call ends: a back end that does not answer becomes a
 * {@link StorageException}.
 *
 * <p>A volume whose daemon ended, was killed, or did not answer in time fails for good, its flush too, so that whoever
 * writes it goes back to what was flushed, closes it and opens it again. A new daemon for the same source does not start
 * before the one before has ended: no write of it can come after one of the new daemon's. Starts that fail are repeated
 * with growing pauses, in which {@link #open} fails at once.
 */
@ProviderType
public interface BlockLayer {
    /**
     * Opens a volume for reading and writing.
     *
     * @param name what messages call it
     * @throws StorageException {@code PATH_WRONG} if there is none, {@code OWNED_BY_OTHER} if someone has it locked,
     *     else {@code IO}
     */
    BlockVolume open(BlockSource source, String name) throws StorageException;

    /**
     * Makes an image file, sparse.
     *
     * @param file must not exist
     */
    void create(Path file, ImageFormat format, long sizeBytes) throws StorageException;

    /**
     * Runs a tool of the storage, with files that only this user can read, and that are gone afterwards.
     *
     * @param name what messages call the thing that it is run for
     * @param files content by name; the tool runs in their folder
     * @return its exit code and what it wrote, cut where it is too long
     * @throws StorageException if it can't be run, or does not end in time
     */
    ToolResult run(String name, Map<String, String> files, List<String> command) throws StorageException;

    /**
     * Claims a block device for this process (Linux: {@code O_EXCL}): it can't be mounted, be part of a device mapper
     * device, or be claimed by another process, until the claim is closed or this process ends.
     *
     * @param name what messages call it
     * @throws StorageException {@code OWNED_BY_OTHER} if it is in use
     */
    DeviceClaim claim(Path device, String name) throws StorageException;

    /** A claim on a block device. */
    interface DeviceClaim extends AutoCloseable {
        /** Gives it up; may be called twice. */
        @Override
        void close();
    }

    /**
     * What became of a tool.
     *
     * @param code exit code
     * @param output what it wrote to its standard output
     * @param error what it wrote to its standard error
     */
    record ToolResult(int code, String output, String error) {}
}
