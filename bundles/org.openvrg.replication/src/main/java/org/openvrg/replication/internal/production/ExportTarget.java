package org.openvrg.replication.internal.production;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.model.RecordType;

/** Where an export's writes go: straight to the volume, or through a VM's ingest. */
interface ExportTarget {
    /**
     * Carries out a write, zero or trim; overlapping ones in the order of the calls. The payload is released in any
     * case.
     */
    CompletableFuture<Void> write(
            RecordType type,
            long offsetBytes,
            long lengthBytes,
            Optional<WritePayload> payload,
            boolean forceUnitAccess);

    /** Completes once all that was answered survives a power loss. */
    CompletableFuture<Void> flush();
}
