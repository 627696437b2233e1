package org.openvrg.rest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeStatus;

/** {@code /vmstrategy}. */
class StrategyResourceTest extends RestTestBase {
    @Test
    void survivesFlippedBytes() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 150; i++) {
            char[] body = STANDBY.toCharArray();
            for (int flips = random.nextInt(4) + 1; flips > 0; flips--) {
                body[random.nextInt(body.length)] = (char) (random.nextInt(127 - 32) + 32);
            }
            int status = server.call("POST", "/vrgservice/vmstrategy", new String(body))
                    .status();
            assertTrue(status == 200 || status == 400, "seed " + seed + ": " + status + " " + new String(body));
        }
    }

    @Test
    void refusesANumberThatNothingCanKeep() throws Exception {
        for (String number : List.of("1e999", "-84437360056e40198")) {
            String body = STANDBY.substring(0, STANDBY.lastIndexOf('}')) + ",\"later\":" + number + "}";
            assertRefused(400, "10440101", server.call("POST", "/vrgservice/vmstrategy", body));
        }
    }

    @Test
    void protectsAtTheProductionSide() throws Exception {
        assertRefused(400, "10440308", server.call("GET", "/vrgservice/vmstrategy", ""));
        RestServer.Answer put = server.call("POST", "/vrgservice/vmstrategy/", PRODUCTION);
        assertEquals(200, put.status(), put.body());
        assertEquals(
                new VmStrategy.Production(
                        VM_UUID,
                        Optional.of("i-0000000a"),
                        Optional.of("虚拟机"),
                        true,
                        false,
                        List.of(
                                new ProductionDisk(new VolumeId("v1"), OptionalInt.of(3)),
                                new ProductionDisk(new VolumeId("v2"), OptionalInt.empty()))),
                gateway.strategies.get(VM_UUID));
        RestServer.Answer list = server.call("GET", "/vrgservice/vmstrategy?vmUuid=" + VM, "");
        assertEquals("1", list.headers().get("X-Total-Count"));
        assertEquals(
                "{\"vmList\":[{\"flag\":1,\"vmUuid\":\"" + VM + "\",\"vmId\":\"i-0000000a\",\"vmName\":\"虚拟机\","
                        + "\"compressOption\":0,\"encryptOption\":1,"
                        + "\"volList\":[{\"volUuid\":\"v1\",\"seqNum\":3},{\"volUuid\":\"v2\"}]}]}",
                list.body());
        String samples = PRODUCTION.replace("\"encryptOption\":1", "\"encryptMethod\":0,\"compressMethod\":1");
        assertEquals(200, server.call("POST", "/vrgservice/vmstrategy", samples).status());
        VmStrategy.Production changed = (VmStrategy.Production) gateway.strategies.get(VM_UUID);
        assertTrue(changed.compress() && !changed.encrypt());
    }

    @Test
    void protectsAtTheDrSide() throws Exception {
        assertEquals(200, server.call("POST", "/vrgservice/vmstrategy", STANDBY).status());
        report(VM_UUID, false, true, Map.of(new VolumeId("v1"), VolumeStatus.OWNED_BY_OTHER));
        JsonNode vm = server.call("GET", "/vrgservice/vmstrategy", "")
                .json()
                .path("vmList")
                .path(0);
        assertEquals(
                "{\"flag\":2,\"vmUuid\":\"" + VM + "\",\"hostUrn\":\"urn:h\",\"agentIp\":\"127.0.0.1\","
                        + "\"agentPort\":7100,\"volList\":[{\"volUuid\":\"v1\",\"dstVolDsUrn\":\"urn:d\","
                        + "\"dstVolType\":\"LOCALPOME\",\"volStatus\":4,\"volumeUrl\":\"a.raw\",\"seqNum\":1,"
                        + "\"drExtParams\":\"{\\\"dsMgntIp\\\":\\\"1.1.1.1\\\",\\\"dsResourceId\\\":\\\"1\\\"}\"}]}",
                vm.toString());
        VmStrategy before = gateway.strategies.get(VM_UUID);
        String asString = STANDBY.replace(
                "{\"dsMgntIp\":\"1.1.1.1\",\"dsResourceId\":\"1\"}",
                "\"{\\\"dsMgntIp\\\":\\\"1.1.1.1\\\",\\\"dsResourceId\\\":\\\"1\\\"}\"");
        assertEquals(
                200, server.call("POST", "/vrgservice/vmstrategy", asString).status());
        assertEquals(before, gateway.strategies.get(VM_UUID));
        application.unbindEngine(gateway);
        JsonNode alone = server.call("GET", "/vrgservice/vmstrategy", "").json();
        assertEquals(
                5,
                alone.path("vmList")
                        .path(0)
                        .path("volList")
                        .path(0)
                        .path("volStatus")
                        .asInt());
    }

    @Test
    void refusesBadStrategies() throws Exception {
        Map<String, String[]> codes = Map.of(
                "10440401", new String[] {VM, "x", VM, "", VM, VM.replace("-", ""), VM, "{" + VM + "}"},
                "10440306", new String[] {"\"v2\"", "\"v1\""},
                "10440309", new String[] {"{\"volUuid\":\"v2\"}", "{\"volUuid\":\"v2\",\"seqNum\":3}"},
                "10440101",
                        new String[] {
                            "\"i-0000000a\"",
                            "\"i-a\"",
                            "\"i-0000000a\"",
                            "5",
                            "\"encryptOption\":1",
                            "\"encryptOption\":2",
                            "\"encryptOption\":1",
                            "\"encryptOption\":\"1\"",
                            "\"encryptOption\":1",
                            "\"encryptOption\":true",
                            "\"seqNum\":3",
                            "\"seqNum\":0",
                            "\"seqNum\":3",
                            "\"seqNum\":41",
                            "\"seqNum\":3",
                            "\"seqNum\":\"3\"",
                            "\"v1\"",
                            "\"a/b\"",
                            "\"v1\"",
                            "\"\"",
                            "\"v1\"",
                            "7",
                            "\"v1\"",
                            "\"" + "v".repeat(65) + "\"",
                            "volList",
                            "volumes",
                            "\"" + VM + "\"",
                            "12",
                            "vmUuid",
                            "vm",
                            "\"more\"",
                            "\"agentIp\":\"1.2.3.4\",\"x\"",
                            "\"more\"",
                            "\"agentPort\":7000,\"x\"",
                            "{\"volUuid\":\"v2\"}",
                            "null"
                        });
        for (Map.Entry<String, String[]> entry : codes.entrySet()) {
            String[] changes = entry.getValue();
            for (int i = 0; i < changes.length; i += 2) {
                String body = PRODUCTION.replace(changes[i], changes[i + 1]);
                assertRefused(400, entry.getKey(), server.call("POST", "/vrgservice/vmstrategy", body));
            }
        }
        String[] standby = {
            "127.0.0.1", "host", "10440301", "7100", "0", "10440302", "\"a.raw\"", "\"\"", "10440101",
            "\"volumeUrl\"", "\"url\"", "10440101", "\"LOCALPOME\"", "\"../x\"", "10440101", "\"1\"}", "[1]}",
                    "10440101",
            "{\"dsMgntIp\"", "7,\"x\":{\"dsMgntIp\"", "10440101", "\"agentPort\":7100", "\"agentPort\":\"7100\"",
                    "10440101"
        };
        for (int i = 0; i < standby.length; i += 3) {
            String body = STANDBY.replace(standby[i], standby[i + 1]);
            assertRefused(400, standby[i + 2], server.call("POST", "/vrgservice/vmstrategy", body));
        }
        assertTrue(gateway.strategies.isEmpty());
    }

    @Test
    void pagesAndFilters() throws Exception {
        for (int i = 0; i < 130; i++) {
            UUID vm = new UUID(0xf000_0000_0000_0000L * (i % 2), i);
            String body = (i < 3 ? STANDBY : PRODUCTION).replace(VM, vm.toString());
            assertEquals(
                    200, server.call("POST", "/vrgservice/vmstrategy", body).status());
        }
        report(new UUID(0, 0), false, true, Map.of());
        report(new UUID(0xf000_0000_0000_0000L, 1), false, false, Map.of());
        assertPage(100, 130, "");
        assertPage(100, 130, "?faultVms=0");
        assertPage(10, 130, "?limit=10&offset=0");
        assertPage(30, 130, "?limit=100&offset=100");
        assertPage(0, 130, "?limit=1&offset=4000000000".replace("4000000000", "2000000000"));
        assertPage(2, 2, "?faultVms=1");
        assertPage(1, 2, "?faultVms=1&limit=1&offset=1");
        assertPage(2, 2, "?vmUuid=" + new UUID(0, 0) + "&vmUuid=" + new UUID(0, 4));
        assertPage(100, 130, "?other=1");
        for (String query : List.of(
                "?limit=10",
                "?offset=0",
                "?limit=0&offset=0",
                "?limit=101&offset=0",
                "?limit=1&offset=-1",
                "?limit=x&offset=0",
                "?limit=&offset=",
                "?limit=1&limit=2&offset=0",
                "?faultVms=2",
                "?faultVms=",
                "?limit=99999999999&offset=0",
                "?vmUuid=" + VM + "&faultVms=0",
                "?vmUuid=" + VM + "&limit=1&offset=0")) {
            assertRefused(400, "10440101", server.call("GET", "/vrgservice/vmstrategy" + query, ""));
        }
        assertRefused(400, "10440401", server.call("GET", "/vrgservice/vmstrategy?vmUuid=1", ""));
        assertRefused(400, "10440401", server.call("GET", "/vrgservice/vmstrategy?vmUuid=", ""));
        assertRefused(400, "10440400", server.call("GET", "/vrgservice/vmstrategy?vmUuid=" + VM, ""));
    }

    @Test
    void removesInEitherForm() throws Exception {
        String path = "/vrgservice/vmstrategy/" + VM;
        assertRefused(400, "10440400", server.call("POST", path, "{\"delFlag\":1}"));
        assertRefused(400, "10440401", server.call("POST", "/vrgservice/vmstrategy/x", "{\"delFlag\":1}"));
        assertRefused(400, "10440401", server.call("DELETE", "/vrgservice/vmstrategy/x", ""));
        String[][] removals = {
            {"POST", path + "/", "{\"delFlag\":1}", "false"},
            {"POST", path, "{\"delFlag\":2}", "true"},
            {"POST", path, "", "false"},
            {"POST", path, "{}", "false"},
            {"DELETE", path, "", "false"},
            {"DELETE", path + "?delFlag=1", "", "false"},
            {"DELETE", path + "/?delFlag=2", "", "true"},
            {"POST", path.replace("b2c", "B2C"), "{\"delFlag\":2}", "true"}
        };
        for (String[] removal : removals) {
            assertEquals(
                    200,
                    server.call("POST", "/vrgservice/vmstrategy", PRODUCTION).status());
            RestServer.Answer answer = server.call(removal[0], removal[1], removal[2]);
            assertEquals("{\"drStatus\":2}", answer.body());
            assertEquals(Optional.of(Boolean.valueOf(removal[3])), gateway.removedForced);
        }
        assertEquals(
                200, server.call("POST", "/vrgservice/vmstrategy", PRODUCTION).status());
        for (String body : List.of("{\"delFlag\":3}", "{\"delFlag\":\"1\"}", "{\"delFlag\":true}", "[1]")) {
            assertRefused(400, "10440101", server.call("POST", path, body));
        }
        assertRefused(400, "10440101", server.call("DELETE", path + "?delFlag=3", ""));
        assertRefused(400, "10440101", server.call("DELETE", path + "?delFlag=1&delFlag=2", ""));
    }
}
