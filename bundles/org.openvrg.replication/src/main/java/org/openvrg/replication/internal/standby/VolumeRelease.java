package org.openvrg.replication.internal.standby;

import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.openvrg.api.model.VolumeId;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives the volumes of a VM up on its writeagent. Confined to the VM's actor. */
final class VolumeRelease {
    private static final Logger LOG = LoggerFactory.getLogger(VolumeRelease.class);

    private final UUID vmUuid;
    private final Set<VolumeId> closing = new HashSet<>();
    private Optional<CompletableFuture<Boolean>> waiting = Optional.empty();
    private boolean allReleased = true;

    VolumeRelease(UUID vmUuid) {
        this.vmUuid = vmUuid;
    }

    /** Asks for it; the result tells whether all volumes were released, and is false where no agent is connected. */
    void start(Optional<Lane> agent, Collection<VolumeId> volumes, CompletableFuture<Boolean> result) {
        if (agent.isEmpty()) {
            result.complete(false);
            return;
        }
        waiting = Optional.of(result);
        closing.addAll(volumes);
        volumes.forEach(volume -> agent.get().send(new Message.CloseVolume(vmUuid, volume, true)));
    }

    void closed(Message.VolumeClosed closed) {
        if (!closed.released()) {
            allReleased = false;
            LOG.warn("VM {}: volume {} was not released: {}", vmUuid, closed.volume(), closed.detail());
        }
        closing.remove(closed.volume());
        if (closing.isEmpty()) {
            waiting.ifPresent(result -> result.complete(allReleased));
        }
    }
}
