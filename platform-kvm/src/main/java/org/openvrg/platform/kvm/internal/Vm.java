package org.openvrg.platform.kvm.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpException;

/** A VM and the connection to it. What it told last is read by any thread; one at a time asks anew. */
final class Vm {
    /** Its disks are not its own to write in these: another QEMU runs the VM, or will. */
    private static final Set<String> ELSEWHERE = Set.of("inmigrate", "postmigrate", "finish-migrate");

    private static final Set<String> MIGRATING =
            Set.of("setup", "active", "pre-switchover", "device", "postcopy-active", "wait-unplug");

    private volatile HostMonitor monitor;
    private final QmpClient client;
    private final UUID uuid;
    private final Map<String, String> serials = new HashMap<>();
    private volatile List<VmDisk> disks = List.of();
    private volatile boolean here;

    /** Asks for the VM's identity; its disks are asked for by {@link #refresh()}. */
    Vm(HostMonitor monitor, QmpClient client) throws QmpException {
        this.monitor = monitor;
        this.client = client;
        this.uuid = UUID.fromString(
                client.execute("query-uuid").path("UUID").asText("00000000-0000-0000-0000-000000000000"));
    }

    UUID uuid() {
        return uuid;
    }

    HostMonitor monitor() {
        return monitor;
    }

    /** Takes note that the QEMU's other sockets came or went. */
    void learn(HostMonitor now) {
        monitor = now;
    }

    QmpClient client() {
        return client;
    }

    /** Whether this QEMU is the one that runs the VM, and nobody takes it away at the moment. */
    boolean isHere() {
        return here && client.isOpen();
    }

    List<VmDisk> disks() {
        return disks;
    }

    /** Asks the QEMU what it is and has now. */
    synchronized void refresh() throws QmpException {
        String status = client.execute("query-status").path("status").asText();
        String migration = client.execute("query-migrate").path("status").asText();
        here = !ELSEWHERE.contains(status) && !MIGRATING.contains(migration);
        List<VmDisk> found = new ArrayList<>();
        for (JsonNode block : client.execute("query-block")) {
            JsonNode inserted = block.path("inserted");
            String device = block.path("qdev").asText();
            boolean disk = inserted.isObject()
                    && !device.isEmpty()
                    && !block.path("removable").asBoolean()
                    && !inserted.path("ro").asBoolean();
            if (disk) {
                found.add(new VmDisk(
                        device,
                        inserted.path("node-name").asText(),
                        serial(device),
                        inserted.at("/image/virtual-size").asLong(),
                        inserted.path("drv").asText().equals("qcow2")));
            }
        }
        serials.keySet().retainAll(found.stream().map(VmDisk::device).toList());
        disks = List.copyOf(found);
    }

    private String serial(String device) throws QmpException {
        String known = serials.get(device);
        if (known != null) {
            return known;
        }
        String serial = "";
        try {
            serial = client.execute(
                            "qom-get", QmpClient.arguments().put("path", device).put("property", "serial"))
                    .asText();
        } catch (QmpException e) {
            if (e.kind() != QmpException.Kind.REFUSED) {
                throw e;
            }
            // a kind of device without a serial: its disk goes by slot
        }
        serials.put(device, serial);
        return serial;
    }
}
