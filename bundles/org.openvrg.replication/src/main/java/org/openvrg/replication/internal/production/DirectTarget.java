package org.openvrg.replication.internal.production;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.RecordType;
import org.openvrg.replication.internal.SerialExecutor;

/** Writes go straight to the volume: it is not protected, or its VM can't be started. */
final class DirectTarget implements ExportTarget {
    private final BlockVolume volume;
    private final SerialExecutor writer;
    private final Executor syncPool;
    private final FirstWrite firstWrite;
    private boolean written;

    /** Runs before the first write that passes the protection by; a failure fails the write. */
    interface FirstWrite {
        void run() throws VrgException;
    }

    DirectTarget(BlockVolume volume, Executor pool, Executor syncPool, FirstWrite firstWrite) {
        this.volume = volume;
        this.writer = new SerialExecutor(pool, "an unprotected export");
        this.syncPool = syncPool;
        this.firstWrite = firstWrite;
    }

    @Override
    public CompletableFuture<Void> write(
            RecordType type,
            long offsetBytes,
            long lengthBytes,
            Optional<WritePayload> payload,
            boolean forceUnitAccess) {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        writer.execute(() -> {
            try {
                if (!written) {
                    firstWrite.run();
                    written = true;
                }
                if (payload.isPresent()) {
                    volume.write(offsetBytes, payload.get().bytes());
                } else {
                    volume.zero(offsetBytes, lengthBytes, type == RecordType.TRIM);
                }
                if (forceUnitAccess) {
                    volume.flush();
                }
                answer.complete(null);
            } catch (StorageException e) {
                answer.completeExceptionally(e);
            } catch (VrgException e) {
                answer.completeExceptionally(new StorageException(StorageException.Kind.IO, e.getMessage(), e));
            } finally {
                payload.ifPresent(WritePayload::release);
            }
        });
        return answer;
    }

    @Override
    public CompletableFuture<Void> flush() {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        syncPool.execute(() -> {
            try {
                volume.flush();
                answer.complete(null);
            } catch (StorageException e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }
}
