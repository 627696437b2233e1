package org.openvrg.rest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.NetworkService;

class NetworkResourcesTest {
    private static final String BODY =
            "{\"newIp\":\"192.0.2.7\",\"newMask\":\"255.255.255.0\",\"newGateway\":\"192.0.2.1\",\"more\":1}";

    private final FakeNetworks networks = new FakeNetworks();
    private final FakeGateway gateway = new FakeGateway();
    private VrgApplication application;
    private RestServer server;

    /** Networks in memory. */
    private static final class FakeNetworks implements NetworkService {
        final List<String> calls = new ArrayList<>();
        Optional<Management> wanted = Optional.empty();
        boolean missing;

        @Override
        public List<Network> networks() throws RequestException {
            checkThere();
            return List.of(
                    new Network(Role.MANAGEMENT, "192.0.2.2", 8080, "255.255.255.0", Optional.of("192.0.2.1")),
                    new Network(Role.PEER, "198.51.100.2", 7000, "255.255.0.0", Optional.empty()));
        }

        @Override
        public Management changeManagement(Management change) throws RequestException {
            checkThere();
            wanted = Optional.of(change);
            return change;
        }

        @Override
        public void authenticatedCall(String localAddress) {
            calls.add(localAddress);
        }

        private void checkThere() throws RequestException {
            if (missing) {
                throw new RequestException(ErrorCode.MANAGEMENT_INTERFACE_MISSING, "does not exist", "不存在");
            }
        }
    }

    @BeforeEach
    void start() throws Exception {
        application = new VrgApplication(gateway, gateway, gateway);
        application.bindNetworks(networks);
        server = new RestServer(application);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    @Test
    void listsNetworksAndOnlyManagementHasAGateway() throws Exception {
        RestServer.Answer answer = server.call("GET", "/vrgservice/netinfos/", "");
        assertEquals(200, answer.status());
        assertEquals(
                "{\"netInfos\":[{\"type\":0,\"ip\":\"192.0.2.2\",\"port\":8080,\"netmask\":\"255.255.255.0\","
                        + "\"gateway\":\"192.0.2.1\"},"
                        + "{\"type\":2,\"ip\":\"198.51.100.2\",\"port\":7000,\"netmask\":\"255.255.0.0\"}]}",
                answer.body());
        networks.missing = true;
        assertRefused(400, "10440305", server.call("GET", "/vrgservice/netinfos", ""));
    }

    @Test
    void changesTheManagementNetwork() throws Exception {
        RestServer.Answer answer = server.call("POST", "/vrgservice/modmngnet", BODY);
        assertEquals(200, answer.status());
        assertEquals(
                "{\"IP\":\"192.0.2.7\",\"netmask\":\"255.255.255.0\",\"netGateway\":\"192.0.2.1\"}", answer.body());
        assertEquals(
                Optional.of(new NetworkService.Management("192.0.2.7", "255.255.255.0", "192.0.2.1")), networks.wanted);
        networks.wanted = Optional.empty();
        networks.missing = true;
        assertRefused(400, "10440305", server.call("POST", "/vrgservice/modmngnet/", BODY));
    }

    @Test
    void refusesWhatIsMissingOrOfTheWrongType() throws Exception {
        for (String body : List.of(
                "",
                "[]",
                "{}",
                "{\"newIp\":\"192.0.2.7\",\"newMask\":\"255.255.255.0\"}",
                "{\"newIp\":3,\"newMask\":\"255.255.255.0\",\"newGateway\":\"192.0.2.1\"}",
                "{\"newIp\":\"192.0.2.7\",\"newMask\":[],\"newGateway\":\"192.0.2.1\"}",
                "{\"newIp\":\"192.0.2.7\",\"newMask\":\"255.255.255.0\",\"newGateway\":null}")) {
            assertRefused(400, "10440101", server.call("POST", "/vrgservice/modmngnet", body));
        }
        assertEquals(Optional.empty(), networks.wanted);
    }

    @Test
    void tellsOfCallsWithASessionOnly() throws Exception {
        for (String call : List.of("GET netinfos", "POST modmngnet", "GET vrgmap")) {
            String[] parts = call.split(" ");
            assertRefused(
                    400,
                    "10440102",
                    server.callWithoutToken(parts[0], "/vrgservice/" + parts[1], "", "X-Auth-Token", "x"));
        }
        server.callWithoutToken("GET", "/vrgservice/versions", "");
        assertEquals(List.of(), networks.calls);
        server.call("GET", "/vrgservice/vrgstatus", "");
        assertEquals(List.of("127.0.0.1"), networks.calls);
    }

    @Test
    void isUnavailableWithoutTheNetworkPart() throws Exception {
        application.unbindNetworks(networks);
        assertRefused(503, "10440000", server.call("GET", "/vrgservice/netinfos", ""));
        assertRefused(503, "10440000", server.call("POST", "/vrgservice/modmngnet", BODY));
        assertEquals(200, server.call("GET", "/vrgservice/vrgstatus", "").status());
    }

    private static void assertRefused(int status, String code, RestServer.Answer answer) throws Exception {
        assertEquals(status, answer.status(), answer.toString());
        assertEquals(code, answer.code());
        assertTrue(answer.json().path("errorDes").asText().length() > 3);
    }
}
