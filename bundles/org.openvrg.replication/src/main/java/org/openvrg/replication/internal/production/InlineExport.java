package org.openvrg.replication.internal.production;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.VolumeId;
import org.openvrg.replication.internal.Workers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The export of a volume that the gateway itself backs. Its writes can be turned from one target to another while
 * clients stay connected: {@link #hold} lets new writes wait and tells when the last one under way has ended.
 * Thread-safe.
 */
public final class InlineExport extends VolumeExport {
    private static final Logger LOG = LoggerFactory.getLogger(InlineExport.class);

    private final BlockVolume volume;
    private final Workers workers;
    private final Object gate = new Object();
    private final Queue<Runnable> held = new ArrayDeque<>();
    private ExportTarget target;
    private boolean holding;
    private int underWay;
    private CompletableFuture<Void> quiet = CompletableFuture.completedFuture(null);

    /** Over an open volume, which it owns; holds writes back until it is told where they go. */
    public InlineExport(VolumeId id, BlockVolume volume, Workers workers) {
        super(id, volume, workers.ingest());
        this.volume = volume;
        this.workers = workers;
        this.target = direct(() -> {});
        this.holding = true;
    }

    private ExportTarget direct(DirectTarget.FirstWrite firstWrite) {
        return new DirectTarget(volume, workers.ingest(), workers.sync(), firstWrite);
    }

    /** Lets writes wait; completes once those under way have ended. */
    public CompletableFuture<Void> hold() {
        synchronized (gate) {
            holding = true;
            if (underWay == 0) {
                return CompletableFuture.completedFuture(null);
            }
            if (quiet.isDone()) {
                quiet = new CompletableFuture<>();
            }
            return quiet;
        }
    }

    /** Writes go straight to the volume from here on. */
    public void releaseDirect() {
        release(direct(() -> {}));
    }

    /** The same for a volume whose VM has files from a former start: those are not trusted after a write. */
    public void releaseDirect(VmFolder vmFolder) {
        release(direct(() -> giveUp(vmFolder)));
    }

    /** The guest does not pay for a disk of the gateway's that fails. */
    private void giveUp(VmFolder vmFolder) throws StorageException {
        volume.flush(); // a flush of the guest may have left it to the journal that is given up here
        try {
            vmFolder.distrust();
        } catch (JournalException e) {
            LOG.error(
                    "Volume {} is written, but after a power loss now its VM's old journal would be trusted", id(), e);
        }
    }

    /** Makes the volume survive a power loss. */
    public void flushVolume() throws StorageException {
        volume.flush();
    }

    /** Writes go through the ingest of a VM from here on. */
    public void releaseTo(ProductionVm vm) {
        ProtectedVolume mine = vm.volumes().stream()
                .filter(volumeOfVm -> volumeOfVm.id.equals(id()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the VM has no volume " + id()));
        release(new ProtectedTarget(vm.ingest(), mine));
    }

    private void release(ExportTarget next) {
        synchronized (gate) {
            target = next;
            holding = false;
            Runnable operation = held.poll();
            while (operation != null) {
                underWay++;
                operation.run();
                operation = held.poll();
            }
        }
    }

    /** Runs an operation on the present target, now or once writes are let through again, in order. */
    @Override
    CompletableFuture<Void> pass(Function<ExportTarget, CompletableFuture<Void>> operation) {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        synchronized (gate) {
            Runnable run = () -> operation.apply(target).whenComplete((ok, failure) -> {
                ended();
                if (failure == null) {
                    answer.complete(null);
                } else {
                    answer.completeExceptionally(failure);
                }
            });
            if (holding) {
                held.add(run);
            } else {
                underWay++;
                run.run();
            }
        }
        return answer;
    }

    private void ended() {
        Optional<CompletableFuture<Void>> tell = Optional.empty();
        synchronized (gate) {
            if (--underWay == 0 && holding) {
                tell = Optional.of(quiet);
            }
        }
        tell.ifPresent(future -> future.complete(null));
    }

    /** Ends the export; operations that wait fail. */
    public void close() throws StorageException {
        release(new ExportTarget() {
            @Override
            public CompletableFuture<Void> write(
                    RecordType type, long offset, long length, Optional<WritePayload> payload, boolean fua) {
                payload.ifPresent(WritePayload::release);
                return gone();
            }

            @Override
            public CompletableFuture<Void> flush() {
                return gone();
            }
        });
        volume.close();
    }

    private static CompletableFuture<Void> gone() {
        return CompletableFuture.failedFuture(
                new StorageException(StorageException.Kind.CLOSED, "the export is closed"));
    }
}
