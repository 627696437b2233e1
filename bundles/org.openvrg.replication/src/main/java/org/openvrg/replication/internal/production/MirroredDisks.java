package org.openvrg.replication.internal.production;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.UnseenWrites;
import org.openvrg.replication.internal.Workers;
import org.openvrg.replication.internal.machine.Event;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The disks of a VM whose writes a hypervisor mirrors: their exports, and whether all writes come to them. Thread-safe. */
public final class MirroredDisks {
    private static final Logger LOG = LoggerFactory.getLogger(MirroredDisks.class);

    /** How long a hypervisor waits until it is noted what passed the exports by; the marks stand before. */
    private static final long NOTE_SECONDS = 5;

    private final UUID vmUuid;
    private final List<ProtectedVolume> volumes;
    private final Ingest ingest;
    private final Workers workers;
    private final Executor actor;
    private final Consumer<Event> machine;
    private final SeenWrites seen;

    /**
     * Of a VM, with none mirrored yet.
     *
     * @param actor the VM's
     * @param machine takes an event in the actor, and has kept what it led to once it returns
     */
    MirroredDisks(
            UUID vmUuid,
            List<ProtectedVolume> volumes,
            Ingest ingest,
            Workers workers,
            Executor actor,
            Consumer<Event> machine) {
        this.vmUuid = vmUuid;
        this.volumes = volumes;
        this.ingest = ingest;
        this.workers = workers;
        this.actor = actor;
        this.machine = machine;
        this.seen = new SeenWrites(volumes);
    }

    /** An export of each. */
    public List<MirrorExport> exports() {
        return volumes.stream()
                .filter(volume -> !volume.inline)
                .map(volume -> export(volume.id))
                .toList();
    }

    /** Another export of a disk. */
    public MirrorExport export(VolumeId id) {
        return volumes.stream()
                .filter(volume -> volume.id.equals(id))
                .map(volume -> new MirrorExport(new ProtectedTarget(ingest, volume), volume, workers.ingest()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the VM has no volume " + id));
    }

    /**
     * From before this call on every write to a disk comes to its export. Once it returns, what did not come before is
     * noted in a way that a crash of the gateway does not lose.
     */
    public void writesSeen(VolumeId id, UnseenWrites unseen) {
        ingest.stopCapture(); // marks may only appear while writes mark, too
        volumes.stream().filter(volume -> volume.id.equals(id)).forEach(volume -> SeenWrites.mark(volume, unseen));
        CompletableFuture<Void> noted = new CompletableFuture<>();
        actor.execute(() -> {
            seen.begin(id, unseen.known()).forEach(machine);
            noted.complete(null);
        });
        workers.time().awaitDone(noted, NOTE_SECONDS, TimeUnit.SECONDS);
    }

    /** Writes to a disk do not come to its export any more. */
    public void writesUnseen(VolumeId id, String reason) {
        actor.execute(() -> {
            LOG.warn("VM {}: writes to volume {} are not mirrored: {}", vmUuid, id, reason);
            seen.end(id, reason).forEach(machine);
        });
    }

    /** Which disks are not mirrored, and why; empty when every write is seen. */
    public String unseenWrites() {
        return seen.missing();
    }
}
