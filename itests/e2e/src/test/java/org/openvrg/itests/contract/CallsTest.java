package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;

/** A case for every row of the table of calls that needs no disk; {@link ReplicationCallsTest} has the rest. */
@ExtendWith(SharedPair.class)
class CallsTest {
    private static final String NO_VM = "0a1b2c3d-0000-1111-2222-0123456789ab";

    private final Pair pair;
    private final Client client;
    private final Client dr;
    private final Vms vms;

    CallsTest(SharedPair.Contract contract) {
        this.pair = contract.pair();
        this.client = contract.production();
        this.dr = contract.dr();
        this.vms = new Vms(client);
    }

    @AfterEach
    void removeVms() throws Exception {
        vms.close();
    }

    @Test
    void getVersions() throws Exception {
        Answer answer = client.send("GET", "/versions", "").ok();
        assertEquals("{\"versions\":[{\"version\":\"v1.0\",\"loginUri\":\"/vrgservice/session\"}]}", answer.body());
    }

    @Test
    void postSession() throws Exception {
        Answer first = client.login("admin", client.key()).ok();
        Answer second = client.login("admin", client.key()).ok();
        assertEquals(600_000, first.json().path("validity").asInt());
        assertEquals(2, first.json().size(), first.body());
        UUID uuid = UUID.fromString(first.json().path("uuid").asText());
        assertEquals(first.json(), second.json());
        assertNotEquals(first.header("X-Auth-Token"), second.header("X-Auth-Token"));
        assertEquals(
                uuid.toString(),
                client.get("/ext/identity").ok().json().path("uuid").asText());
        assertNotEquals(
                uuid.toString(),
                dr.login("admin", dr.key()).ok().json().path("uuid").asText());
    }

    @Test
    void deleteSessionKillsTheTokenAtOnce() throws Exception {
        String token =
                client.login("admin", client.key()).ok().header("X-Auth-Token").orElseThrow();
        client.send("GET", "/vrgstatus", "", "X-Auth-Token", token).ok();
        Answer out =
                client.send("DELETE", "/session", "", "X-Auth-Token", token).ok();
        assertEquals("", out.body());
        client.send("GET", "/vrgstatus", "", "X-Auth-Token", token).refused(400, "10440102");
        client.send("DELETE", "/session", "", "X-Auth-Token", token).refused(400, "10440102");
        client.get("/vrgstatus").ok();
    }

    @Test
    void getVrgstatus() throws Exception {
        JsonNode status = client.get("/vrgstatus").ok().json();
        assertEquals(1, status.path("status").asInt());
        assertTrue(status.path("status").isInt() && status.path("totalCapacity").isIntegralNumber());
        assertTrue(status.path("totalCapacity").asLong()
                >= status.path("availableCapacity").asLong());
    }

    @Test
    void vrgmap() throws Exception {
        JsonNode before = client.get("/vrgmap").ok().json();
        assertEquals("127.0.0.1", before.path("dstIp").asText());
        assertEquals(pair.linkToDr().port(), before.path("dstPort").asInt());
        assertEquals(1, before.path("status").asInt());
        String table = "{\"dstIp\":\"127.0.0.1\",\"dstPort\":" + pair.linkToDr().port() + "}";
        assertEquals("", client.post("/vrgmap", table).ok().body());
        client.post("/vrgmap", table.replace("dstIp", "dst_ip").replace("dstPort", "dst_port"))
                .ok();
        assertEquals(before, client.get("/vrgmap").ok().json());

        assertEquals("", client.call("DELETE", "/vrgmap", "").ok().body());
        assertEquals(
                "{\"dstIp\":\"\",\"dstPort\":0,\"status\":4}",
                client.get("/vrgmap").ok().body());
        Await.until(
                Duration.ofSeconds(60),
                () -> "the mapping goes at the peer too",
                () -> dr.get("/vrgmap").json().path("status").asInt() == 4);
        client.call("DELETE", "/vrgmap", "").ok();
        // one side alone stays in pairing, or finds nobody who consents
        client.post("/vrgmap", table.replace("dstIp", "dst_ip").replace("dstPort", "dst_port"))
                .ok();
        assertNotEquals(4, client.get("/vrgmap").json().path("status").asInt());
        dr.post(
                        "/vrgmap",
                        "{\"dst_ip\":\"127.0.0.1\",\"dst_port\":"
                                + pair.linkToProduction().port() + "}")
                .ok();
        pair.awaitPaired();
        for (String body :
                List.of("{}", "{\"dstIp\":\"127.0.0.1\"}", "{\"dstPort\":1}", "{\"dstIp\":5,\"dstPort\":1}")) {
            client.post("/vrgmap", body).refused(400, "10440101");
        }
        assertEquals(before, client.get("/vrgmap").ok().json());
    }

    @Test
    void postVmstrategyProduction() throws Exception {
        String vm = vms.next();
        ObjectNode body = vms.production(vm, vms.volume(), vms.volume());
        assertEquals("", vms.post(body).ok().body());
        JsonNode shortest = vms.find(vm);
        assertEquals(1, shortest.path("flag").asInt());
        assertEquals(0, shortest.path("encryptOption").asInt(1));
        assertEquals(0, shortest.path("compressOption").asInt(1));
        assertFalse(shortest.has("agentIp") || shortest.has("agentPort") || shortest.has("hostUrn"));
        body.put("vmId", "i-0000000a")
                .put("vmName", "数据库 1")
                .put("encryptOption", 1)
                .put("compressOption", 1);
        vms.post(body).ok();
        JsonNode full = vms.find(vm);
        assertEquals("i-0000000a", full.path("vmId").asText());
        assertEquals("数据库 1", full.path("vmName").asText());
        assertEquals(1, full.path("encryptOption").asInt());
        assertEquals(1, full.path("compressOption").asInt());
        assertEquals(body.path("volList"), full.path("volList"));
        body.remove(List.of("encryptOption", "compressOption"));
        vms.post(body.put("encryptMethod", 0).put("compressMethod", 1)).ok();
        assertEquals(0, vms.find(vm).path("encryptOption").asInt(1));
        assertEquals(1, vms.find(vm).path("compressOption").asInt());
        ObjectNode smaller =
                vms.production(vm, body.path("volList").path(0).path("volUuid").asText());
        vms.post(smaller).ok();
        assertEquals(smaller.path("volList"), vms.find(vm).path("volList"));
    }

    @Test
    void postVmstrategyDr() throws Exception {
        String vm = vms.next();
        ObjectNode body = vms.standby(vm, vms.volume(), vms.volume());
        vms.post(body).ok();
        JsonNode found = vms.find(vm);
        assertEquals(2, found.path("flag").asInt());
        assertFalse(found.has("encryptOption") || found.has("compressOption"), found.toString());
        assertEquals(
                "LOCALPOME", found.path("volList").path(0).path("dstVolType").asText());
        body.put("hostUrn", "urn:sites:1:hosts:2").put("vmName", "db").put("vmId", "i-000000ff");
        ObjectNode first = (ObjectNode) body.path("volList").path(0);
        first.put("dsUrn", "urn:ds:1").put("volType", "DSWARE");
        first.putObject("drExtParams").put("dsMgntIp", "1.1.1.1").put("dsResourceId", "1");
        ((ObjectNode) body.path("volList").path(1))
                .put("volType", "NAS")
                .put("drExtParams", "{\"dsMgntIp\":\"1.1.1.1\",\"dsResourceId\":\"1\"}");
        vms.post(body).ok();
        JsonNode full = vms.find(vm);
        assertEquals("urn:sites:1:hosts:2", full.path("hostUrn").asText());
        assertEquals("127.0.0.1", full.path("agentIp").asText());
        assertEquals(9, full.path("agentPort").asInt());
        JsonNode volume = full.path("volList").path(0);
        assertEquals("urn:ds:1", volume.path("dstVolDsUrn").asText());
        assertEquals("DSWARE", volume.path("dstVolType").asText());
        assertEquals(1, volume.path("seqNum").asInt());
        for (JsonNode disk : full.path("volList")) {
            JsonNode params = Answer.JSON.readTree(disk.path("drExtParams").asText());
            assertEquals("{\"dsMgntIp\":\"1.1.1.1\",\"dsResourceId\":\"1\"}", params.toString());
        }
        for (String alone : List.of("agentIp", "agentPort")) {
            ObjectNode half = body.deepCopy();
            half.remove(alone);
            assertTrue(vms.post(half).refused(400, "10440101").contains(alone));
        }
        // the vendor document's sample has the host in the volumes
        ObjectNode sample = vms.standby(vm);
        ((ObjectNode) sample.path("volList").path(0)).put("hostUrn", "urn:in:volume");
        vms.post(sample).ok();
        assertEquals("urn:in:volume", vms.find(vm).path("hostUrn").asText());
    }

    @Test
    void fieldsOfAStrategy() throws Exception {
        ObjectNode good = vms.standby(vms.next());
        for (String volume : List.of("", "a_b", "a/b", "x".repeat(65))) {
            ObjectNode bad = good.deepCopy();
            ((ObjectNode) bad.path("volList").path(0)).put("volUuid", volume);
            assertTrue(vms.post(bad).refused(400, "10440101").contains("volList[0].volUuid"));
        }
        for (int slot : new int[] {0, 41, -1}) {
            ObjectNode bad = good.deepCopy();
            ((ObjectNode) bad.path("volList").path(0)).put("seqNum", slot);
            String text = vms.post(bad).refused(400, "10440101");
            assertTrue(text.contains("seqNum") && text.contains("1 to 40") && text.contains("" + slot), text);
        }
        for (String missing : List.of("vmUuid", "volList")) {
            ObjectNode bad = good.deepCopy();
            bad.remove(missing);
            assertTrue(vms.post(bad).refused(400, "10440101").contains(missing));
        }
        for (String missing : List.of("volUuid", "volumeUrl")) {
            ObjectNode bad = good.deepCopy();
            ((ObjectNode) bad.path("volList").path(0)).remove(missing);
            assertTrue(vms.post(bad).refused(400, "10440101").contains(missing));
        }
        vms.post(good.deepCopy().put("vmId", "i-0000000g")).refused(400, "10440101");
        vms.post(good.deepCopy().put("encryptOption", 2)).ok(); // of the production side only: ignored here
        vms.post(good.deepCopy().put("agentIp", "fe80::1")).ok();
        ObjectNode anySlot = good.deepCopy();
        ((ObjectNode) anySlot.path("volList").path(0)).remove("seqNum");
        vms.post(anySlot).ok();
    }

    @Test
    void getVmstrategy() throws Exception {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < 103; i++) {
            String vm = vms.next();
            all.add(vm);
            vms.post(i < 2 ? vms.standby(vm) : vms.production(vm)).ok();
        }
        List<String> faulty = new ArrayList<>(all.subList(0, 2));
        Collections.sort(all);
        Collections.sort(faulty);
        page(all.subList(0, 100), 103, "");
        page(all.subList(0, 100), 103, "?faultVms=0");
        page(all.subList(0, 100), 103, "?limit=100&offset=0");
        page(all.subList(100, 103), 103, "?limit=100&offset=100");
        page(all.subList(7, 12), 103, "?limit=5&offset=7");
        page(List.of(), 103, "?offset=103&limit=1");
        page(faulty, 2, "?faultVms=1");
        page(faulty.subList(1, 2), 2, "?faultVms=1&limit=1&offset=1");
        page(List.of(all.get(9)), 1, "?vmUuid=" + all.get(9));
        page(List.of(all.get(9), all.get(3)), 2, "?vmUuid=" + all.get(9) + "&vmUuid=" + all.get(3));
        String one = "?vmUuid=" + all.get(0);
        for (String query : List.of(
                "?limit=10",
                "?offset=0",
                "?limit=0&offset=0",
                "?limit=101&offset=0",
                "?limit=1&offset=-1",
                "?limit=x&offset=0",
                "?faultVms=2",
                one + "&limit=1&offset=0",
                one + "&faultVms=1")) {
            client.get("/vmstrategy" + query).refused(400, "10440101");
        }
        client.get("/vmstrategy" + one + "&vmUuid=" + NO_VM).refused(400, "10440400");
        client.get("/vmstrategy" + one + "&vmUuid=7").refused(400, "10440401");
    }

    private void page(List<String> wanted, int total, String query) throws Exception {
        Answer answer = client.get("/vmstrategy" + query).ok();
        List<String> found = new ArrayList<>();
        answer.json().path("vmList").forEach(vm -> found.add(vm.path("vmUuid").asText()));
        assertEquals(wanted, found, query);
        assertEquals(Integer.toString(total), answer.header("X-Total-Count").orElseThrow(), query);
    }

    @Test
    void removeVmstrategyInEveryForm() throws Exception {
        String vm = vms.next();
        for (String[] form : new String[][] {
            {"POST", "", "{\"delFlag\":1}"},
            {"POST", "/", "{\"delFlag\":2}"},
            {"POST", "", "{}"},
            {"POST", "", ""},
            {"DELETE", "", ""},
            {"DELETE", "?delFlag=1", ""},
            {"DELETE", "/?delFlag=2", ""}
        }) {
            vms.post(vms.production(vm)).ok();
            Answer answer = client.call(form[0], "/vmstrategy/" + vm + form[1], form[2]);
            assertEquals(
                    "{\"drStatus\":3}", answer.ok().body(), "never in step, so still to be checked: " + answer.call());
            client.get("/vmdrstatus/" + vm).refused(400, "10440400");
        }
        vms.post(vms.production(vm)).ok();
        client.post("/vmstrategy/" + vm, "{\"delFlag\":3}").refused(400, "10440101");
        client.call("DELETE", "/vmstrategy/" + vm + "?delFlag=0", "").refused(400, "10440101");
        vms.find(vm);
    }

    @Test
    void getVmdrstatus() throws Exception {
        String here = vms.next();
        String there = vms.next();
        vms.post(vms.production(here)).ok();
        vms.post(vms.standby(there)).ok();
        assertEquals("{\"status\":3}", client.get("/vmdrstatus/" + here).ok().body());
        assertEquals(
                "{\"status\":3}", client.get("/vmdrstatus/" + there + "/").ok().body());
    }
}
