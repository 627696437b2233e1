package org.openvrg.link.internal;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.openvrg.wire.Lane;

/**
 * Which VM uses which of a set of lanes: spread by hash, and kept for as long as the lane stands, for a VM that
 * changed lanes would lose the order of its messages. Thread-safe.
 */
final class OutboundLanes {
    private final Map<UUID, Lane> chosen = new ConcurrentHashMap<>();
    private volatile List<Lane> lanes = List.of();

    /** The lanes that stand now; VMs on others choose anew. */
    void set(List<Lane> standing) {
        lanes = List.copyOf(standing);
        chosen.values().removeIf(lane -> !lanes.contains(lane));
    }

    boolean isEmpty() {
        return lanes.isEmpty();
    }

    Optional<Lane> laneOf(UUID vmUuid) {
        List<Lane> standing = lanes;
        Lane lane = chosen.compute(vmUuid, (vm, present) -> {
            if (present != null && present.isOpen() && standing.contains(present)) {
                return present;
            }
            List<Lane> open = standing.stream().filter(Lane::isOpen).toList();
            return open.isEmpty() ? null : open.get(Math.floorMod(vm.hashCode(), open.size()));
        });
        return Optional.ofNullable(lane);
    }
}
