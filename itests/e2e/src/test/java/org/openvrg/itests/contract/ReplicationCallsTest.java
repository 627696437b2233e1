package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Tools;

/** What the calls say of VMs with real disks: states, status of volumes, removal with and without a link. */
@ExtendWith(SharedPair.class)
class ReplicationCallsTest {
    private static final long DISK_BYTES = 4 * 1024 * 1024;
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final Pair pair;
    private final Client production;
    private final Client dr;
    private final Vms vms;

    ReplicationCallsTest(SharedPair.Contract contract) {
        this.pair = contract.pair();
        this.production = contract.production();
        this.dr = contract.dr();
        this.vms = new Vms(dr);
    }

    @AfterEach
    void removeVms() throws Exception {
        vms.close();
    }

    @Test
    void normalRemovalMakesAllDurableFirstOrRefuses() throws Exception {
        String disk = pair.newDisk(DISK_BYTES);
        String vm = pair.protect(true, true, disk);
        pair.awaitInStep(vm);
        assertEquals("{\"status\":1}", production.get("/vmdrstatus/" + vm).ok().body());
        assertEquals("{\"status\":1}", dr.get("/vmdrstatus/" + vm).ok().body());
        assertEquals(1, volStatus(vm, 0));
        pair.awaitExport(disk);
        pair.cutLink();
        Await.until(
                LIMIT,
                () -> "status 5",
                () -> production.get("/vrgmap").json().path("status").asInt() == 5);
        Tools.succeed(LIMIT, List.of("qemu-io", "-f", "raw", "-c", "write -P 7 0 64k", pair.uri(disk)));
        Answer refused = production.post("/vmstrategy/" + vm, "{\"delFlag\":1}");
        String text = refused.refused(409, "10440101");
        assertTrue(text.matches(".*\\d+ records.*KB.*"), text);
        assertEquals(
                vm,
                production
                        .get("/vmstrategy?vmUuid=" + vm)
                        .ok()
                        .json()
                        .path("vmList")
                        .path(0)
                        .path("vmUuid")
                        .asText());
        pair.restoreLink();
        pair.awaitPaired();
        assertEquals(
                "{\"drStatus\":1}",
                production.post("/vmstrategy/" + vm, "{\"delFlag\":1}").ok().body());
        assertEquals(
                "{\"drStatus\":1}",
                dr.post("/vmstrategy/" + vm, "{\"delFlag\":1}").ok().body());
        pair.assertDisksEqual(disk);
    }

    @Test
    void volStatusTellsWhetherItTook() throws Exception {
        String vm = vms.next();
        ObjectNode body = vms.standby(vm, vms.volume(), vms.volume());
        body.put("agentPort", pair.agent().port());
        ((ObjectNode) body.path("volList").path(0)).put("volumeUrl", "../../outside.raw");
        ((ObjectNode) body.path("volList").path(1)).put("volType", "NOSUCH");
        vms.post(body).ok();
        Await.until(
                LIMIT,
                () -> "2 path wrong and 3 type wrong: " + describe(vm),
                () -> volStatus(vm, 0) == 2 && volStatus(vm, 1) == 3);
        String cut = vms.next();
        vms.post(vms.standby(cut)).ok();
        assertEquals(5, volStatus(cut, 0));
        Await.until(LIMIT, () -> "only the one without an agent is at fault: " + describe(vm), () -> {
            JsonNode faulty = dr.get("/vmstrategy?faultVms=1").ok().json().path("vmList");
            return faulty.size() == 1 && faulty.path(0).path("vmUuid").asText().equals(cut);
        });
    }

    private int volStatus(String vm, int volume) throws Exception {
        return new Vms(dr)
                .find(vm)
                .path("volList")
                .path(volume)
                .path("volStatus")
                .asInt();
    }

    private String describe(String vm) {
        try {
            return dr.get("/ext/vms/" + vm) + "\n" + pair.dr().tail();
        } catch (Exception e) {
            return e.toString();
        }
    }
}
