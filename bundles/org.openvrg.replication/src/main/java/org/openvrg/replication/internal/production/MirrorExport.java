package org.openvrg.replication.internal.production;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * The export into which a hypervisor mirrors the writes of a disk. What is read comes from the disk itself. Thread-safe.
 */
public final class MirrorExport extends VolumeExport {
    private final ExportTarget target;

    MirrorExport(ProductionVm vm, ProtectedVolume volume, Executor readPool) {
        super(volume.id, volume.disk, readPool);
        this.target = new ProtectedTarget(vm, volume);
    }

    @Override
    CompletableFuture<Void> pass(Function<ExportTarget, CompletableFuture<Void>> operation) {
        return operation.apply(target);
    }
}
