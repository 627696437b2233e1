package org.openvrg.replication.internal.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.HypervisorPlatform;
import org.openvrg.api.platform.InlinePlatform;
import org.openvrg.api.platform.MirrorPlatform;
import org.openvrg.api.platform.PlatformCapability;

/**
 * The hypervisor platforms that are deployed right now, in the order of their names. There may be several of one name, as
 * for groups of hosts. Thread-safe.
 */
final class Platforms {
    private final List<Named> deployed = new ArrayList<>();

    private record Named(String name, HypervisorPlatform platform) {}

    synchronized void add(String name, HypervisorPlatform platform) {
        deployed.add(new Named(name, platform));
        deployed.sort(Comparator.comparing(Named::name)); // stable: those of one name stay as they came
    }

    synchronized void remove(HypervisorPlatform platform) {
        deployed.removeIf(named -> named.platform() == platform);
    }

    List<InlinePlatform> inline() {
        return all().stream()
                .filter(InlinePlatform.class::isInstance)
                .map(InlinePlatform.class::cast)
                .toList();
    }

    synchronized List<HypervisorPlatform> all() {
        return deployed.stream().map(Named::platform).toList();
    }

    Optional<InlinePlatform> inlineHost(DiskRef disk) {
        return inline().stream().filter(platform -> platform.hosts(disk)).findFirst();
    }

    /** The platform that mirrors a disk, unless an inline one has it. */
    Optional<MirrorPlatform> mirrorHost(DiskRef disk) {
        return all().stream()
                .filter(MirrorPlatform.class::isInstance)
                .map(MirrorPlatform.class::cast)
                .filter(platform -> platform.hosts(disk))
                .findFirst();
    }

    /** Refuses a strategy whose slots do not suit the platform that has the disk. */
    void checkSlots(VmStrategy.Production strategy) throws RequestException {
        for (ProductionDisk disk : strategy.disks()) {
            DiskRef ref = new DiskRef(strategy.vmUuid(), disk.volume(), disk.slot());
            for (HypervisorPlatform platform : all()) {
                if (!platform.hosts(ref)) {
                    continue;
                }
                if (disk.slot().isEmpty() && platform.capabilities().contains(PlatformCapability.SLOTS_MANDATORY)) {
                    throw new RequestException(
                            ErrorCode.PARAMETER_INVALID,
                            "seqNum is missing for volume " + disk.volume() + "; its platform needs 1 to 40",
                            "卷 " + disk.volume() + " 缺少 seqNum,该平台必须取值 1 到 40");
                }
                try {
                    platform.checkSlot(disk.slot());
                } catch (PlatformException e) {
                    throw new RequestException(
                            ErrorCode.PARAMETER_INVALID,
                            "seqNum of volume " + disk.volume() + " is not valid: " + e.getMessage(),
                            "卷 " + disk.volume() + " 的 seqNum 不合法");
                }
            }
        }
    }
}
