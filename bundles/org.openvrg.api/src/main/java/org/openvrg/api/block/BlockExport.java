package org.openvrg.api.block;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A volume as it is exported to a hypervisor. Calls return at once and are made on an event loop; the stages complete
 * on any thread, a failure as {@link org.openvrg.api.failure.StorageException}. Calls may overlap; two overlapping
 * writes to one range are carried out in the order of the calls.
 */
@ProviderType
public interface BlockExport {
    /** Name of the export, at most 4096 bytes of UTF-8. */
    String name();

    /** Size in bytes. */
    long sizeBytes();

    /** Whether writes are refused. */
    boolean readOnly();

    /** Whether a flush on one connection covers what was answered on another (NBD's multi-conn). */
    boolean multipleConnections();

    /** Fills {@code target}; the caller leaves it alone until the stage completes. */
    CompletionStage<Void> read(long offsetBytes, ByteBuffer target);

    /**
     * Writes.
     *
     * @param payload lent until the export releases it, on failure too
     * @param forceUnitAccess answer only once the write survives a power loss
     */
    CompletionStage<Void> write(long offsetBytes, WritePayload payload, boolean forceUnitAccess);

    /**
     * Makes a range read as zeroes.
     *
     * @param mayUnmap whether its space may be given back
     */
    CompletionStage<Void> zero(long offsetBytes, long lengthBytes, boolean mayUnmap, boolean forceUnitAccess);

    /** Gives the space of a range back; it reads as zeroes afterwards. */
    CompletionStage<Void> trim(long offsetBytes, long lengthBytes, boolean forceUnitAccess);

    /** Completes once everything answered before survives a power loss. */
    CompletionStage<Void> flush();

    /** Allocation of a range from its start on, at least one extent; what is not told can be asked for again. */
    CompletionStage<List<BlockExtent>> extents(long offsetBytes, long lengthBytes);
}
