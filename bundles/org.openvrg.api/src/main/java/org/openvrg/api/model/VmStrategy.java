package org.openvrg.api.model;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** How a VM is protected, seen from one gateway: as production site or as DR site. */
public sealed interface VmStrategy {
    /** The VM. */
    UUID vmUuid();

    /** {@code vmId} of the contract, where given. */
    Optional<String> vmId();

    /** Display name, where given. */
    Optional<String> vmName();

    /** The volumes, in the order of the request. */
    List<VolumeId> volumes();

    /**
     * The VM runs here and its writes are sent away.
     *
     * @param encrypt AES-128 on the way
     * @param compress Snappy on the way
     * @param disks at least one, no volume twice
     */
    record Production(
            UUID vmUuid,
            Optional<String> vmId,
            Optional<String> vmName,
            boolean encrypt,
            boolean compress,
            List<ProductionDisk> disks)
            implements VmStrategy {
        /** Checks and copies the disks. */
        public Production {
            disks = List.copyOf(disks);
            requireDistinct(disks.stream().map(ProductionDisk::volume).toList());
        }

        @Override
        public List<VolumeId> volumes() {
            return disks.stream().map(ProductionDisk::volume).toList();
        }
    }

    /**
     * The VM runs elsewhere and its standby volumes are here.
     *
     * @param hostUrn DR host, where given
     * @param agentIp address of the writeagent, an IP literal
     * @param agentPort its port
     * @param disks at least one, no volume twice
     */
    record Standby(
            UUID vmUuid,
            Optional<String> vmId,
            Optional<String> vmName,
            Optional<String> hostUrn,
            String agentIp,
            int agentPort,
            List<StandbyDisk> disks)
            implements VmStrategy {
        /** Checks and copies the disks. */
        public Standby {
            disks = List.copyOf(disks);
            requireDistinct(disks.stream().map(StandbyDisk::volume).toList());
        }

        @Override
        public List<VolumeId> volumes() {
            return disks.stream().map(StandbyDisk::volume).toList();
        }
    }

    private static void requireDistinct(List<VolumeId> volumes) {
        Set<VolumeId> seen = new HashSet<>(volumes);
        if (volumes.isEmpty() || seen.size() != volumes.size()) {
            throw new IllegalArgumentException("a strategy has at least one volume and none twice");
        }
    }
}
