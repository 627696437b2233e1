package org.openvrg.rest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeStatus;

/** States, capacity, and what is beyond the contract. */
class StateResourcesTest extends RestTestBase {
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
}
