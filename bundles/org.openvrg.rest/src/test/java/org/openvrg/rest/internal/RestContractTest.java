package org.openvrg.rest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openvrg.api.model.ProductionDisk;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.api.service.PairingService;

class RestContractTest {
    private static final String VM = "0a1b2c3d-0000-1111-2222-0123456789ab";
    private static final UUID VM_UUID = UUID.fromString(VM);
    private static final String PRODUCTION = "{\"vmUuid\":\"" + VM + "\",\"vmId\":\"i-0000000a\",\"vmName\":\"虚拟机\","
            + "\"encryptOption\":1,\"volList\":[{\"volUuid\":\"v1\",\"seqNum\":3},{\"volUuid\":\"v2\"}],\"more\":[1]}";
    private static final String STANDBY = "{\"vmUuid\":\"" + VM + "\",\"agentIp\":\"127.0.0.1\",\"agentPort\":7100,"
            + "\"volList\":[{\"volUuid\":\"v1\",\"volumeUrl\":\"a.raw\",\"dsUrn\":\"urn:d\",\"volType\":\"LOCALPOME\","
            + "\"seqNum\":1,\"hostUrn\":\"urn:h\",\"drExtParams\":{\"dsMgntIp\":\"1.1.1.1\",\"dsResourceId\":\"1\"}}]}";

    private static FakeGateway gateway;
    private static VrgApplication application;
    private static RestServer server;

    @BeforeAll
    static void start() throws Exception {
        gateway = new FakeGateway();
        application = new VrgApplication(gateway, gateway, gateway);
        server = new RestServer(application);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void reset() {
        gateway.strategies.clear();
        gateway.reports.clear();
        gateway.peer = Optional.empty();
        gateway.removedForced = Optional.empty();
        gateway.loggedIn = true;
        gateway.broken = false;
        application.bindEngine(gateway);
        application.bindPairing(gateway);
    }

    @Test
    void namesItsVersionsWithoutASession() throws Exception {
        for (String path : List.of("/vrgservice/versions", "/vrgservice/versions/")) {
            RestServer.Answer answer = server.callWithoutToken("GET", path, "");
            assertEquals(200, answer.status());
            assertEquals("{\"versions\":[{\"version\":\"v1.0\",\"loginUri\":\"/vrgservice/session\"}]}", answer.body());
            assertEquals(
                    "application/json;charset=utf-8", lower(answer.headers().get("Content-Type")));
            assertEquals("no-store", answer.headers().get("Cache-Control"));
        }
    }

    @Test
    void logsInByHeadersAndOut() throws Exception {
        RestServer.Answer login = server.callWithoutToken(
                "POST", "/vrgservice/session", "", "X-Auth-User", "admin", "X-Auth-Key", "0".repeat(64));
        assertEquals(200, login.status());
        assertEquals(FakeGateway.TOKEN, login.headers().get("X-Auth-Token"));
        assertEquals("{\"validity\":600000,\"uuid\":\"" + FakeGateway.UUID_OF_GATEWAY + "\"}", login.body());
        RestServer.Answer byForm = server.callWithoutToken(
                "POST",
                "/vrgservice/session/",
                "",
                "X-Auth-User",
                "admin",
                "X-Auth-Key",
                "0",
                "Content-Type",
                "application/x-www-form-urlencoded");
        assertEquals(200, byForm.status());
        assertEquals(200, server.call("DELETE", "/vrgservice/session", "").status());
        assertRefused(400, "10440102", server.call("GET", "/vrgservice/vrgmap", ""));
        assertRefused(400, "10440101", server.callWithoutToken("POST", "/vrgservice/session", ""));
        assertRefused(
                400,
                "10440101",
                server.callWithoutToken("POST", "/vrgservice/session", "", "X-Auth-User", "x".repeat(21)));
        assertRefused(
                400, "10440201", server.callWithoutToken("POST", "/vrgservice/session", "", "X-Auth-User", "root"));
    }

    @Test
    void demandsASessionForEverythingElse() throws Exception {
        for (String call : List.of(
                "DELETE session",
                "GET vrgmap",
                "POST vrgmap",
                "DELETE vrgmap",
                "GET vmstrategy",
                "POST vmstrategy",
                "POST vmstrategy/" + VM,
                "DELETE vmstrategy/" + VM,
                "GET vmdrstatus/" + VM,
                "GET vrgstatus",
                "GET ext/vms",
                "GET ext/vms/" + VM,
                "GET ext/identity",
                "HEAD vrgstatus")) {
            String[] parts = call.split(" ");
            RestServer.Answer answer = server.callWithoutToken(parts[0], "/vrgservice/" + parts[1], "");
            assertEquals(400, answer.status(), call);
            if (!parts[0].equals("HEAD")) {
                assertEquals("10440102", answer.code(), call);
            }
        }
        assertRefused(
                400, "10440102", server.callWithoutToken("GET", "/vrgservice/vrgstatus", "", "X-Auth-Token", "guess"));
        assertTrue(gateway.strategies.isEmpty());
    }

    @Test
    void answersWithTheErrorBodyWhateverGoesWrong() throws Exception {
        assertRefused(404, "10440101", server.call("GET", "/vrgservice/nothing", ""));
        assertRefused(404, "10440101", server.call("GET", "/vrgservice", ""));
        assertRefused(404, "10440101", server.call("GET", "/vrgservice/", ""));
        assertRefused(404, "10440101", server.call("GET", "/vrgservice/vrgmap/x/y", ""));
        assertRefused(404, "10440101", server.call("GET", "/elsewhere", ""));
        assertRefused(404, "10440101", server.call("GET", "/", ""));
        assertRefused(405, "10440101", server.call("PUT", "/vrgservice/vrgmap", "{}"));
        assertRefused(405, "10440101", server.call("DELETE", "/vrgservice/versions", ""));
        assertRefused(405, "10440101", server.call("OPTIONS", "/vrgservice/vrgmap", ""));
        assertRefused(405, "10440101", server.call("PROPFIND", "/vrgservice/vrgmap", ""));
        assertRefused(415, "10440101", server.call("POST", "/vrgservice/vrgmap", "a=b", "Content-Type", "text/plain"));
        assertRefused(
                415,
                "10440101",
                server.call("POST", "/vrgservice/vrgmap", "a=b", "Content-Type", "application/x-www-form-urlencoded"));
        gateway.broken = true;
        RestServer.Answer failure = server.call("POST", "/vrgservice/vmstrategy", PRODUCTION);
        assertRefused(500, "10440000", failure);
        assertFalse(failure.body().contains("secret") || failure.body().contains("org.openvrg"), failure.body());
    }

    @Test
    void refusesWhatIsNotJson() throws Exception {
        String[] bodies = {
            "",
            " ",
            "{",
            "[]",
            "null",
            "1",
            "\"x\"",
            "{\"dstIp\":\"1.2.3.4\",\"dstPort\":7000",
            "{} {}",
            "{'a':1}",
            "{\"dstIp\":\"1.2.3.4\",\"dstIp\":\"1.2.3.5\",\"dstPort\":1}",
            "{\"a\":" + "[".repeat(100_000),
            "{\"a\":" + "9".repeat(1000) + "}",
            "{\"a\":\"" + "x".repeat(2 * 1024 * 1024) + "\"}",
            "{\"a\":NaN}"
        };
        for (String body : bodies) {
            assertRefused(400, "10440101", server.call("POST", "/vrgservice/vrgmap", body));
        }
        for (int cut = 0; cut < STANDBY.length(); cut += 7) {
            assertRefused(400, "10440101", server.call("POST", "/vrgservice/vmstrategy", STANDBY.substring(0, cut)));
        }
        assertTrue(gateway.strategies.isEmpty());
        assertTrue(gateway.peer.isEmpty());
    }

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
    void answersRequestsThatAreCutShort() throws Exception {
        String head = "POST /vrgservice/vrgmap HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + FakeGateway.TOKEN
                + "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n";
        String answer = server.raw(head + "{\"dstIp\":\"1.2.3.4\"");
        assertTrue(answer.startsWith("HTTP/1.1 400"), answer);
        assertTrue(answer.contains("\"errorCode\":\"10440101\""), answer);
        String notUtf8 = server.raw(head.replace("100", "3") + "\"\u00ff\"");
        assertTrue(notUtf8.contains("\"errorCode\":\"10440101\""), notUtf8);
        String badEscape =
                server.raw("GET /vrgservice/vmdrstatus/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        assertTrue(badEscape.startsWith("HTTP/1.1 400"), badEscape);
        assertTrue(badEscape.contains("\"errorCode\":\"10440101\""), badEscape);
        String noHttp = server.raw("GARBAGE\r\n\r\n");
        assertTrue(noHttp.contains("\"errorCode\":\"10440101\""), noHttp);
        String badQuery =
                server.raw("GET /vrgservice/vmstrategy?limit=%zz&offset=0 HTTP/1.1\r\nHost: x\r\nX-Auth-Token: "
                        + FakeGateway.TOKEN + "\r\nConnection: close\r\n\r\n");
        assertTrue(badQuery.contains("\"errorCode\":\"10440101\""), badQuery);
    }

    @Test
    void speaksTheLanguageThatIsAskedFor() throws Exception {
        for (String chinese : List.of("zh_CN", "zh-CN", "zh", "fr,zh-CN;q=0.8,en;q=0.5")) {
            RestServer.Answer answer = server.call("GET", "/vrgservice/nothing", "", "Accept-Language", chinese);
            assertEquals("资源不存在", answer.json().path("errorDes").asText(), chinese);
        }
        for (String english : List.of("en_US", "en", "fr", "*", "zh;q=0", "zh;q=0.1,en;q=0.2", "zh;q=x", ";;,,")) {
            RestServer.Answer answer = server.call("GET", "/vrgservice/nothing", "", "Accept-Language", english);
            assertEquals(
                    "there is no such resource", answer.json().path("errorDes").asText(), english);
        }
        RestServer.Answer filtered =
                server.callWithoutToken("GET", "/vrgservice/vrgmap", "", "Accept-Language", "zh_CN");
        assertTrue(filtered.json().path("errorDes").asText().startsWith("用户未登录"), filtered.body());
    }

    @Test
    void servesOneVersionOnly() throws Exception {
        for (String accept : List.of(
                "application/json;version=v1.0;charset=UTF-8",
                "application/json; version=1.0; charset=UTF-8",
                "application/json",
                "*/*",
                "text/html",
                "application/json;version=\"v1.0\"",
                "nonsense",
                "application/json;version=v2.0, application/json;version=v1.0",
                "application/json;q=0.9;charset=GBK")) {
            assertEquals(
                    200,
                    server.callWithoutToken("GET", "/vrgservice/versions", "", "Accept", accept)
                            .status(),
                    accept);
        }
        for (String accept : List.of(
                "application/json;version=v2.0",
                "application/json; version=1",
                "application/json;version=",
                "text/html, application/json;version=5.1")) {
            assertRefused(
                    400, "10440101", server.callWithoutToken("GET", "/vrgservice/versions", "", "Accept", accept));
        }
    }

    @Test
    void pairsWithEitherSpelling() throws Exception {
        assertEquals(
                "{\"dstIp\":\"\",\"dstPort\":0,\"status\":4}",
                server.call("GET", "/vrgservice/vrgmap/", "").body());
        assertEquals(
                200,
                server.call("POST", "/vrgservice/vrgmap/", "{\"dst_ip\":\"192.168.100.20\",\"dst_port\":7000}")
                        .status());
        assertEquals(
                "{\"dstIp\":\"192.168.100.20\",\"dstPort\":7000,\"status\":2}",
                server.call("GET", "/vrgservice/vrgmap", "").body());
        assertRefused(
                409,
                "10440101",
                server.call("POST", "/vrgservice/vrgmap", "{\"dstIp\":\"10.0.0.1\",\"dstPort\":7000}"));
        RestServer.Answer removed = server.call("DELETE", "/vrgservice/vrgmap", "");
        assertEquals(200, removed.status());
        assertEquals("", removed.body());
        assertEquals(
                200,
                server.call("POST", "/vrgservice/vrgmap", "{\"dstIp\":\"fe80::1\",\"dstPort\":65535}")
                        .status());
        assertEquals(Optional.of(new PairingService.Peer("fe80::1", 65535)), gateway.peer);
    }

    @Test
    void refusesBadAddressesAndPorts() throws Exception {
        for (String ip : List.of(
                "",
                "localhost",
                "example.org",
                "1.2.3",
                "1.2.3.256",
                "01.2.3.4",
                "1.2.3.4.5",
                "1.2.3.4 ",
                "0.0.0.0",
                "::",
                "224.0.0.1",
                "255.255.255.255",
                "1:2",
                "a:b",
                "::g",
                "1::2::3",
                "fe80::1%lo",
                "12345",
                "0x7f.1",
                ":::::::::::::::::::::::::")) {
            RestServer.Answer answer =
                    server.call("POST", "/vrgservice/vrgmap", "{\"dstIp\":\"" + ip + "\",\"dstPort\":7000}");
            assertRefused(400, "10440301", answer);
        }
        for (String port : List.of("0", "-1", "65536", "99999999999", "9".repeat(40))) {
            RestServer.Answer answer =
                    server.call("POST", "/vrgservice/vrgmap", "{\"dstIp\":\"1.2.3.4\",\"dstPort\":" + port + "}");
            assertRefused(400, "10440302", answer);
        }
        for (String body : List.of(
                "{\"dstIp\":1,\"dstPort\":7000}",
                "{\"dstIp\":\"1.2.3.4\",\"dstPort\":\"7000\"}",
                "{\"dstIp\":\"1.2.3.4\",\"dstPort\":7000.5}",
                "{\"dstIp\":\"1.2.3.4\"}",
                "{\"dstPort\":7000}",
                "{\"dstIp\":null,\"dstPort\":7000}",
                "{\"dstIp\":[\"1.2.3.4\"],\"dstPort\":true}")) {
            assertRefused(400, "10440101", server.call("POST", "/vrgservice/vrgmap", body));
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

    @Test
    void tellsStatesAndCapacity() throws Exception {
        assertRefused(400, "10440400", server.call("GET", "/vrgservice/vmdrstatus/" + VM, ""));
        assertRefused(400, "10440401", server.call("GET", "/vrgservice/vmdrstatus/" + VM + "0", ""));
        assertEquals(200, server.call("POST", "/vrgservice/vmstrategy", STANDBY).status());
        assertEquals(
                "{\"status\":3}",
                server.call("GET", "/vrgservice/vmdrstatus/" + VM + "/", "").body());
        report(VM_UUID, false, true, Map.of(new VolumeId("v1"), VolumeStatus.NORMAL));
        assertEquals(
                "{\"status\":1}",
                server.call("GET", "/vrgservice/vmdrstatus/" + VM, "").body());
        assertEquals(
                "{\"status\":1,\"availableCapacity\":1024,\"totalCapacity\":10240}",
                server.call("GET", "/vrgservice/vrgstatus/", "").body());
        JsonNode report = server.call("GET", "/vrgservice/ext/vms/" + VM, "").json();
        assertEquals(1, report.path("state").asInt());
        assertEquals(11, report.path("progress").path("checkpointAgeMillis").asInt());
        assertEquals(1, report.path("volumes").path("v1").asInt());
        assertEquals(
                report,
                server.call("GET", "/vrgservice/ext/vms", "").json().path("vms").path(0));
        assertRefused(400, "10440400", server.call("GET", "/vrgservice/ext/vms/" + new UUID(1, 1), ""));
        assertEquals(
                "{\"uuid\":\"" + FakeGateway.UUID_OF_GATEWAY + "\",\"fingerprint\":\"" + "ab".repeat(32) + "\"}",
                server.call("GET", "/vrgservice/ext/identity", "").body());
    }

    @Test
    void answersWithoutEngineAndLink() throws Exception {
        assertEquals(200, server.call("POST", "/vrgservice/vmstrategy", STANDBY).status());
        application.unbindEngine(gateway);
        application.unbindPairing(gateway);
        assertEquals(
                "{\"status\":2,\"availableCapacity\":-1,\"totalCapacity\":-1}",
                server.call("GET", "/vrgservice/vrgstatus", "").body());
        assertRefused(503, "10440000", server.call("GET", "/vrgservice/vrgmap", ""));
        assertRefused(503, "10440000", server.call("GET", "/vrgservice/vmdrstatus/" + VM, ""));
        assertRefused(503, "10440000", server.call("GET", "/vrgservice/ext/vms", ""));
        assertPage(1, 1, "?faultVms=1");
    }

    private static void report(UUID vm, boolean production, boolean connected, Map<VolumeId, VolumeStatus> volumes) {
        VmReport.Progress progress = new VmReport.Progress(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
        gateway.reports.put(
                vm,
                new VmReport(
                        vm,
                        ProtectionState.INCREMENTAL_QUEUE,
                        production,
                        connected,
                        "fine",
                        volumes,
                        progress,
                        new VmReport.Scrub(12, 13, 14, 15)));
    }

    private static void assertPage(int size, int total, String query) throws Exception {
        RestServer.Answer answer = server.call("GET", "/vrgservice/vmstrategy" + query, "");
        assertEquals(200, answer.status(), query + answer);
        assertEquals(size, answer.json().path("vmList").size(), query);
        assertEquals(Integer.toString(total), answer.headers().get("X-Total-Count"), query);
    }

    private static void assertRefused(int status, String code, RestServer.Answer answer) throws Exception {
        assertEquals(status + " " + code, answer.status() + " " + answer.code(), answer.body());
        assertEquals(2, answer.json().size(), answer.body());
        assertFalse(answer.json().path("errorDes").asText().isEmpty(), answer.body());
        assertEquals("application/json;charset=utf-8", lower(answer.headers().get("Content-Type")));
    }

    private static String lower(String text) {
        return text.toLowerCase(java.util.Locale.ROOT).replace(" ", "");
    }
}
