package org.openvrg.replication.internal.production;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.RecordType;

/**
 * The export into which a hypervisor mirrors the writes of a disk. What is read comes from the disk itself. Thread-safe.
 */
public final class MirrorExport extends VolumeExport {
    private final ExportTarget target;
    private volatile boolean fenced;

    MirrorExport(ExportTarget target, ProtectedVolume volume, Executor readPool) {
        super(volume.id, volume.disk, readPool);
        this.target = target;
    }

    @Override
    CompletableFuture<Void> pass(Function<ExportTarget, CompletableFuture<Void>> operation) {
        return operation.apply(fenced ? Fenced.INSTANCE : target);
    }

    /**
     * Takes no write any more: what a connection of a mirror that broke delivers late may be older than what the next
     * mirror brings.
     */
    public void fence() {
        fenced = true;
    }

    /** Refuses everything. */
    private static final class Fenced implements ExportTarget {
        static final Fenced INSTANCE = new Fenced();

        @Override
        public CompletableFuture<Void> write(
                RecordType type,
                long offsetBytes,
                long lengthBytes,
                Optional<WritePayload> payload,
                boolean forceUnitAccess) {
            payload.ifPresent(WritePayload::release);
            return flush();
        }

        @Override
        public CompletableFuture<Void> flush() {
            return CompletableFuture.failedFuture(new StorageException(
                    StorageException.Kind.CLOSED, "this connection is of a mirror that was given up"));
        }
    }
}
