package org.openvrg.replication.internal.production;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.model.RecordType;

/** Writes of one volume go through the ingest of its VM. */
final class ProtectedTarget implements ExportTarget {
    private final ProductionVm vm;
    private final ProtectedVolume volume;

    ProtectedTarget(ProductionVm vm, ProtectedVolume volume) {
        this.vm = vm;
        this.volume = volume;
    }

    @Override
    public CompletableFuture<Void> write(
            RecordType type,
            long offsetBytes,
            long lengthBytes,
            Optional<WritePayload> payload,
            boolean forceUnitAccess) {
        return vm.ingest().submit(new WriteOperation(volume, type, offsetBytes, lengthBytes, payload, forceUnitAccess));
    }

    @Override
    public CompletableFuture<Void> flush() {
        return vm.ingest().flush();
    }
}
