package org.openvrg.rest.internal;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import java.util.TreeMap;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.StandbyDisk;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeStatus;

/** Writes the VMs of {@code GET /vmstrategy}; what a side does not have, or what was not given, is left out. */
final class StrategyWriter {
    private static final int PRODUCTION = 1;
    private static final int STANDBY = 2;

    private StrategyWriter() {}

    /**
     * A VM of {@code vmList}.
     *
     * @param report what the engine knows of it; without one its volumes are being set up
     */
    static ObjectNode write(VmStrategy strategy, Optional<VmReport> report) {
        ObjectNode vm = JsonNodeFactory.instance.objectNode();
        vm.put("flag", strategy instanceof VmStrategy.Production ? PRODUCTION : STANDBY);
        vm.put("vmUuid", strategy.vmUuid().toString());
        strategy.vmId().ifPresent(id -> vm.put("vmId", id));
        strategy.vmName().ifPresent(name -> vm.put("vmName", name));
        if (strategy instanceof VmStrategy.Production production) {
            vm.put("compressOption", production.compress() ? 1 : 0);
            vm.put("encryptOption", production.encrypt() ? 1 : 0);
            ArrayNode volumes = vm.putArray("volList");
            production.disks().forEach(disk -> write(volumes.addObject(), disk));
        } else if (strategy instanceof VmStrategy.Standby standby) {
            standby.hostUrn().ifPresent(urn -> vm.put("hostUrn", urn));
            vm.put("agentIp", standby.agentIp());
            vm.put("agentPort", standby.agentPort());
            ArrayNode volumes = vm.putArray("volList");
            for (StandbyDisk disk : standby.disks()) {
                VolumeStatus status = report.flatMap(
                                known -> Optional.ofNullable(known.volumes().get(disk.volume())))
                        .orElse(VolumeStatus.SETTING_UP);
                write(volumes.addObject(), disk, status);
            }
        }
        return vm;
    }

    private static void write(ObjectNode volume, ProductionDisk disk) {
        volume.put("volUuid", disk.volume().value());
        disk.slot().ifPresent(slot -> volume.put("seqNum", slot));
    }

    private static void write(ObjectNode volume, StandbyDisk disk, VolumeStatus status) {
        volume.put("volUuid", disk.volume().value());
        disk.dsUrn().ifPresent(urn -> volume.put("dstVolDsUrn", urn));
        volume.put("dstVolType", disk.volType());
        volume.put("volStatus", status.number());
        volume.put("volumeUrl", disk.volumeUrl());
        disk.slot().ifPresent(slot -> volume.put("seqNum", slot));
        if (!disk.extParams().isEmpty()) {
            // The contract's table makes this a string, its sample an object; the table is what counts.
            volume.put("drExtParams", JsonProvider.text(new TreeMap<>(disk.extParams())));
        }
    }
}
