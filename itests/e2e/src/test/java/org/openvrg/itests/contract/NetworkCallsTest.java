package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A case for every row of the contract about networks. The DR side of the shared pair has loopback for its management
 * network, so that there is something to tell, and is never asked to change it; production has an interface that does
 * not exist, so that it can't. That a change is made is tested in a network namespace.
 */
@ExtendWith(SharedPair.class)
class NetworkCallsTest {
    private static final String CHANGE =
            "{\"newIp\":\"192.0.2.10\",\"newMask\":\"255.255.255.0\",\"newGateway\":\"192.0.2.1\"}";

    private final Client production;
    private final Client dr;

    NetworkCallsTest(SharedPair.Contract contract) {
        this.production = contract.production();
        this.dr = contract.dr();
    }

    @Test
    void getNetinfos() throws Exception {
        JsonNode networks = dr.get("/netinfos").ok().json().path("netInfos");
        assertEquals(3, networks.size(), networks.toString());
        for (int type = 0; type < 3; type++) {
            JsonNode network = networks.path(type);
            assertEquals(type, network.path("type").asInt());
            assertEquals("127.0.0.1", network.path("ip").asText());
            assertEquals("255.0.0.0", network.path("netmask").asText());
            assertEquals(type == 0, network.has("gateway"), "types 1 and 2 have no gateway");
        }
        assertEquals(dr.port(), networks.path(0).path("port").asInt());
    }

    @Test
    void code10440305ManagementInterfaceDoesNotExist() throws Exception {
        assertFalse(production.get("/netinfos").refused(400, "10440305").isEmpty());
        production.post("/modmngnet", CHANGE).refused(400, "10440305");
        production.post("/modmngnet/", CHANGE).refused(400, "10440305");
    }

    @Test
    void modmngnetRefusesWhatIsNoNetwork() throws Exception {
        for (Map.Entry<String, String> change : Map.of(
                        "192.0.2.10", "host.example.org",
                        "192.0.2.1\"", "300.0.2.1\"")
                .entrySet()) {
            String text = production
                    .post("/modmngnet", CHANGE.replace(change.getKey(), change.getValue()))
                    .refused(400, "10440301");
            assertTrue(text.contains("new"), text);
        }
        for (String mask : List.of("255.0.255.0", "0.0.0.0", "mask")) {
            production.post("/modmngnet", CHANGE.replace("255.255.255.0", mask)).refused(400, "10440101");
        }
        production
                .post("/modmngnet", CHANGE.replace("192.0.2.1\"", "198.51.100.1\""))
                .refused(400, "10440101");
        for (String member : List.of("newIp", "newMask", "newGateway")) {
            String text = production
                    .post("/modmngnet", CHANGE.replace(member, "other"))
                    .refused(400, "10440101");
            assertTrue(text.contains(member), text);
        }
    }
}
