package org.openvrg.replication.internal.production;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.VolumeId;

/**
 * The export into which a hypervisor mirrors the writes of a disk. What is read comes from the disk itself. Thread-safe.
 */
public final class MirrorExport implements BlockExport {
    private final ProtectedVolume volume;
    private final ExportTarget target;
    private final Executor readPool;

    MirrorExport(ProductionVm vm, ProtectedVolume volume, Executor readPool) {
        this.volume = volume;
        this.target = new ProtectedTarget(vm, volume);
        this.readPool = readPool;
    }

    /** The volume. */
    public VolumeId id() {
        return volume.id;
    }

    @Override
    public String name() {
        return volume.id.value();
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
        return true; // one journal behind all connections
    }

    @Override
    public CompletionStage<Void> read(long offsetBytes, ByteBuffer into) {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        readPool.execute(() -> {
            try {
                volume.disk.read(offsetBytes, into);
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
        return target.write(RecordType.WRITE, offsetBytes, length, Optional.of(payload), forceUnitAccess);
    }

    @Override
    public CompletionStage<Void> zero(long offsetBytes, long lengthBytes, boolean mayUnmap, boolean forceUnitAccess) {
        Optional<StorageException> outside = VolumeRange.check(offsetBytes, lengthBytes, sizeBytes());
        if (outside.isPresent()) {
            return CompletableFuture.failedFuture(outside.get());
        }
        RecordType type = mayUnmap ? RecordType.TRIM : RecordType.ZERO;
        return target.write(type, offsetBytes, lengthBytes, Optional.empty(), forceUnitAccess);
    }

    @Override
    public CompletionStage<Void> trim(long offsetBytes, long lengthBytes, boolean forceUnitAccess) {
        return zero(offsetBytes, lengthBytes, true, forceUnitAccess);
    }

    @Override
    public CompletionStage<Void> flush() {
        return target.flush();
    }

    @Override
    public CompletionStage<List<BlockExtent>> extents(long offsetBytes, long lengthBytes) {
        Optional<StorageException> outside = VolumeRange.check(offsetBytes, lengthBytes, sizeBytes());
        return outside.isPresent()
                ? CompletableFuture.failedFuture(outside.get())
                : CompletableFuture.completedFuture(List.of(new BlockExtent(lengthBytes, false, false)));
    }
}
