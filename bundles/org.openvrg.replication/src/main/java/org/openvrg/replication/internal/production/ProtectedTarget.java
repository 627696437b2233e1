package org.openvrg.replication.internal.production;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.model.RecordType;

/** Writes of one volume go through the ingest of its VM. */
final class ProtectedTarget implements ExportTarget {
    private final Ingest ingest;
    private final ProtectedVolume volume;

    ProtectedTarget(Ingest ingest, ProtectedVolume volume) {
        this.ingest = ingest;
        this.volume = volume;
    }

    @Override
    public CompletableFuture<Void> write(
            RecordType type,
            long offsetBytes,
            long lengthBytes,
            Optional<WritePayload> payload,
            boolean forceUnitAccess) {
        return ingest.submit(new WriteOperation(volume, type, offsetBytes, lengthBytes, payload, forceUnitAccess));
    }

    @Override
    public CompletableFuture<Void> flush() {
        return ingest.flush();
    }
}
