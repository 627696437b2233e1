package org.openvrg.replication.internal.production;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.VolumeId;

/**
 * The export of a volume: reads come from the volume, everything else goes to a target that the kind of export chooses.
 * Thread-safe.
 */
abstract class VolumeExport implements BlockExport {
    /** Longest range whose allocation is looked up in one go; clients ask again for the rest. */
    private static final long MAX_EXTENTS_BYTES = 32L * 1024 * 1024;

    private final VolumeId id;
    private final BlockVolume volume;
    private final Executor readPool;

    VolumeExport(VolumeId id, BlockVolume volume, Executor readPool) {
        this.id = id;
        this.volume = volume;
        this.readPool = readPool;
    }

    /** Runs an operation on the target that it belongs to, in the order of the calls. */
    abstract CompletableFuture<Void> pass(Function<ExportTarget, CompletableFuture<Void>> operation);

    /** The volume. */
    public VolumeId id() {
        return id;
    }

    @Override
    public String name() {
        return id.value();
    }

    @Override
    public long sizeBytes() {
        return volume.sizeBytes();
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public boolean multipleConnections() {
        return true; // one journal and one file behind all connections: a flush covers whatever was answered
    }

    @Override
    public CompletionStage<Void> read(long offsetBytes, ByteBuffer into) {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        readPool.execute(() -> {
            try {
                volume.read(offsetBytes, into);
                answer.complete(null);
            } catch (StorageException e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }

    @Override
    public CompletionStage<Void> write(long offsetBytes, WritePayload payload, boolean forceUnitAccess) {
        long length = payload.bytes().remaining();
        Optional<StorageException> outside = VolumeRange.check(offsetBytes, length, sizeBytes());
        if (outside.isPresent()) {
            payload.release();
            return CompletableFuture.failedFuture(outside.get());
        }
        return pass(to -> to.write(RecordType.WRITE, offsetBytes, length, Optional.of(payload), forceUnitAccess));
    }

    @Override
    public CompletionStage<Void> zero(long offsetBytes, long lengthBytes, boolean mayUnmap, boolean forceUnitAccess) {
        Optional<StorageException> outside = VolumeRange.check(offsetBytes, lengthBytes, sizeBytes());
        if (outside.isPresent()) {
            return CompletableFuture.failedFuture(outside.get());
        }
        RecordType type = mayUnmap ? RecordType.TRIM : RecordType.ZERO;
        return pass(to -> to.write(type, offsetBytes, lengthBytes, Optional.empty(), forceUnitAccess));
    }

    @Override
    public CompletionStage<Void> trim(long offsetBytes, long lengthBytes, boolean forceUnitAccess) {
        return zero(offsetBytes, lengthBytes, true, forceUnitAccess);
    }

    @Override
    public CompletionStage<Void> flush() {
        return pass(ExportTarget::flush);
    }

    @Override
    public CompletionStage<List<BlockExtent>> extents(long offsetBytes, long lengthBytes) {
        CompletableFuture<List<BlockExtent>> answer = new CompletableFuture<>();
        readPool.execute(() -> {
            try {
                answer.complete(volume.extents(offsetBytes, Math.min(lengthBytes, MAX_EXTENTS_BYTES)));
            } catch (StorageException e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }
}
