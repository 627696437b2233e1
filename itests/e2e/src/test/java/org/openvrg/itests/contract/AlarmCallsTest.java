package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A case for every row of the contract about the alarm server; what is sent to it is tested elsewhere. */
@ExtendWith(SharedPair.class)
class AlarmCallsTest {
    private final Client client;

    AlarmCallsTest(SharedPair.Contract contract) {
        this.client = contract.production();
    }

    @AfterEach
    void removeServer() throws Exception {
        client.post("/trapinfo", "{\"ip\":\"0.0.0.0\",\"port\":162}").ok();
    }

    @Test
    void postAndGetTrapinfo() throws Exception {
        assertEquals(
                "",
                client.post("/trapinfo", "{\"ip\":\"127.0.0.1\",\"port\":65001}")
                        .ok()
                        .body());
        assertEquals(
                "{\"ip\":\"127.0.0.1\",\"port\":65001}",
                client.get("/trapinfo").ok().body());
        client.post("/trapinfo/", "{\"ip\":\"127.0.0.2\",\"port\":65002}").ok();
        assertEquals(
                "{\"ip\":\"127.0.0.2\",\"port\":65002}",
                client.get("/trapinfo/").ok().body());
    }

    @Test
    void addressOfZerosRemovesTheServerAnd10440402Follows() throws Exception {
        client.post("/trapinfo", "{\"ip\":\"127.0.0.1\",\"port\":65001}").ok();
        client.post("/trapinfo", "{\"ip\":\"0.0.0.0\",\"port\":65001}").ok();
        assertTrue(client.get("/trapinfo").refused(400, "10440402").contains("trapinfo"));
        client.post("/trapinfo", "{\"ip\":\"0.0.0.0\"}").ok();
        client.get("/trapinfo").refused(400, "10440402");
    }

    @Test
    void refusesWhatIsNoAddressAndNoPort() throws Exception {
        for (String ip : List.of("", "snmp.example.org", "1.2.3", "255.255.255.255")) {
            String text = client.post("/trapinfo", "{\"ip\":\"" + ip + "\",\"port\":162}")
                    .refused(400, "10440301");
            assertTrue(text.contains("ip \"" + ip + "\""), text);
        }
        for (int port : new int[] {0, 65536, -1}) {
            String text = client.post("/trapinfo", "{\"ip\":\"127.0.0.1\",\"port\":" + port + "}")
                    .refused(400, "10440302");
            assertTrue(text.contains("port") && text.contains("65535"), text);
        }
        for (String body : List.of("{}", "{\"ip\":1,\"port\":162}", "{\"ip\":\"127.0.0.1\",\"port\":\"162\"}")) {
            client.post("/trapinfo", body).refused(400, "10440101");
        }
        client.get("/trapinfo").refused(400, "10440402");
    }

    @Test
    void listsWhatIsRaised() throws Exception {
        JsonNode alarms = client.get("/ext/alarms").ok().json().path("alarms");
        assertTrue(alarms.isArray(), alarms.toString());
    }
}
