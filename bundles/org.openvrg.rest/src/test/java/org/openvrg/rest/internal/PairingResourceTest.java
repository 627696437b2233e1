package org.openvrg.rest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.openvrg.api.service.PairingService;

/** {@code /vrgmap}. */
class PairingResourceTest extends RestTestBase {
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
}
