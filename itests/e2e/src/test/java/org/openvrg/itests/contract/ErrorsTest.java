package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A case for every row of the contract's table of errors, and for every HTTP status. Those that need an account or an
 * appliance to be spoilt are in {@link AccountTest}.
 */
@ExtendWith(SharedPair.class)
class ErrorsTest {
    private final Client client;
    private final Vms vms;

    ErrorsTest(SharedPair.Contract contract) {
        this.client = contract.production();
        this.vms = new Vms(client);
    }

    @AfterEach
    void removeVms() throws Exception {
        vms.close();
    }

    @Test
    void code10440101ParameterNotValid() throws Exception {
        String text = vms.post(vms.production(vms.next()).put("vmId", "i-5")).refused(400, "10440101");
        assertTrue(text.contains("vmId \"i-5\"") && text.contains("8 hex digits"), text);
        for (String body : List.of("", "{", "[]", "null", "{\"delFlag\":1", "{\"a\":1,\"a\":2}", "{} x", "\u0000")) {
            client.post("/vmstrategy", body).refused(400, "10440101");
        }
        client.post("/vmstrategy", "{\"a\":" + "[".repeat(40) + "]".repeat(40) + "}")
                .refused(400, "10440101");
        client.post("/vmstrategy", "{\"a\":\"" + "x".repeat(1024 * 1024) + "\"}")
                .refused(400, "10440101");
    }

    @Test
    void aRequestCutShortGetsTheErrorBody() throws Exception {
        Answer answer = client.raw("POST /vrgservice/vmstrategy HTTP/1.1\r\nHost: x\r\nX-Auth-Token: " + client.token()
                + "\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"vmUuid\":");
        answer.checked().refused(400, "10440101");
        client.raw("GET /vrgservice/vmdrstatus/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .checked()
                .refused(400, "10440101");
        client.raw("GARBAGE\r\n\r\n").checked().refused(400, "10440101");
    }

    @Test
    void code10440102NotLoggedIn() throws Exception {
        client.send("GET", "/vrgstatus", "").refused(400, "10440102");
        client.send("GET", "/vrgstatus", "", "X-Auth-Token", "x".repeat(2000)).refused(400, "10440102");
    }

    @Test
    void code10440200PasswordNotValid() throws Exception {
        client.login("admin", "short").refused(400, "10440200");
    }

    @Test
    void code10440201UserDoesNotExist() throws Exception {
        client.login("nobody", client.key()).refused(400, "10440201");
    }

    @Test
    void code10440301AddressNotValid() throws Exception {
        for (String ip :
                List.of("", "vrg.example.org", "1.2.3", "1.2.3.256", "0.0.0.0", "::", "224.0.0.1", "1.2.3.4/24")) {
            String text = client.post("/vrgmap", "{\"dstIp\":\"" + ip + "\",\"dstPort\":7000}")
                    .refused(400, "10440301");
            assertTrue(text.contains("dstIp \"" + ip + "\"") && text.contains("IPv4"), text);
        }
        vms.post(vms.standby(vms.next()).put("agentIp", "localhost")).refused(400, "10440301");
    }

    @Test
    void code10440302PortNotValid() throws Exception {
        for (String port : List.of("0", "65536", "-1", "99999999999999999999")) {
            String text = client.post("/vrgmap", "{\"dstIp\":\"127.0.0.1\",\"dstPort\":" + port + "}")
                    .refused(400, "10440302");
            assertTrue(text.contains("dstPort") && text.contains("65535"), text);
        }
        vms.post(vms.standby(vms.next()).put("agentPort", 0)).refused(400, "10440302");
    }

    @Test
    void code10440306VolumeTwiceOrAnotherVms() throws Exception {
        String vm = vms.next();
        String volume = vms.volume();
        String text = vms.post(vms.production(vm, volume, volume)).refused(400, "10440306");
        assertTrue(text.contains(volume), text);
        vms.post(vms.production(vm, volume)).ok();
        vms.post(vms.production(vm, volume)).ok();
        String other = vms.post(vms.production(vms.next(), volume)).refused(400, "10440306");
        assertTrue(other.contains(volume) && other.contains(vm), other);
    }

    @Test
    void code10440308NoVmIsConfigured() throws Exception {
        client.get("/vmstrategy").refused(400, "10440308");
        client.get("/vmstrategy?faultVms=1").refused(400, "10440308");
        client.get("/vmstrategy?limit=10&offset=0").refused(400, "10440308");
    }

    @Test
    void code10440309SlotTwice() throws Exception {
        com.fasterxml.jackson.databind.node.ObjectNode body = vms.production(vms.next(), vms.volume(), vms.volume());
        body.withArray("/volList")
                .forEach(disk -> ((com.fasterxml.jackson.databind.node.ObjectNode) disk).put("seqNum", 5));
        assertTrue(vms.post(body).refused(400, "10440309").contains("seqNum 5"));
    }

    @Test
    void code10440400VmDoesNotExist() throws Exception {
        String vm = UUID.randomUUID().toString();
        for (String path : List.of("/vmdrstatus/" + vm, "/vmstrategy?vmUuid=" + vm, "/ext/vms/" + vm)) {
            assertTrue(client.get(path).refused(400, "10440400").contains(vm), path);
        }
        client.post("/vmstrategy/" + vm, "{\"delFlag\":1}").refused(400, "10440400");
        client.call("DELETE", "/vmstrategy/" + vm, "").refused(400, "10440400");
    }

    @Test
    void code10440401VmUuidNotValid() throws Exception {
        for (String vm : List.of("x", "0a1b2c3d00001111222200123456789ab", "0a1b2c3d-0000-1111-2222-0123456789ag")) {
            for (String path : List.of("/vmdrstatus/" + vm, "/vmstrategy?vmUuid=" + vm, "/ext/vms/" + vm)) {
                String text = client.get(path).refused(400, "10440401");
                assertTrue(text.contains(vm) && text.contains("8-4-4-4-12"), text);
            }
            client.post("/vmstrategy/" + vm, "{\"delFlag\":1}").refused(400, "10440401");
            client.call("DELETE", "/vmstrategy/" + vm, "").refused(400, "10440401");
            vms.post(vms.production(vm)).refused(400, "10440401");
        }
    }

    @Test
    void status404NoSuchResource() throws Exception {
        for (String path : List.of("/nothing", "/vrgmap/x", "/vmdrstatus", "/ext", "/", "")) {
            client.call("GET", path, "").refused(404, "10440101");
        }
        client.raw("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .checked()
                .refused(404, "10440101");
    }

    @Test
    void status405NoSuchMethod() throws Exception {
        for (String method : List.of("PUT", "PATCH", "OPTIONS")) {
            Answer answer = client.call(method, "/vrgmap", "");
            answer.refused(405, "10440101");
            Set<String> allowed =
                    new TreeSet<>(List.of(answer.header("Allow").orElseThrow().split(", *")));
            assertEquals(new TreeSet<>(List.of("DELETE", "GET", "HEAD", "POST")), allowed, method);
        }
        client.raw("TRACE /vrgservice/versions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .checked()
                .refused(405, "10440101");
        client.call("DELETE", "/versions", "").refused(405, "10440101");
    }

    @Test
    void status409StateDoesNotAllowIt() throws Exception {
        String vm = vms.next();
        vms.post(vms.production(vm)).ok();
        String text = vms.post(vms.standby(vm)).refused(409, "10440101");
        assertTrue(text.contains(vm), text);
        String paired = client.post("/vrgmap", "{\"dstIp\":\"127.0.0.9\",\"dstPort\":7000}")
                .refused(409, "10440101");
        assertTrue(paired.length() > 10, paired);
    }

    @Test
    void status415TypeOfBody() throws Exception {
        client.call("POST", "/vrgmap", "<a/>", "Content-Type", "text/xml").refused(415, "10440101");
    }

    @Test
    void status501MethodThatHttpDoesNotKnow() throws Exception {
        client.call("PROPFIND", "/vrgmap", "").refused(501, "10440101");
        client.call("BREW", "/nothing", "").refused(501, "10440101");
    }
}
