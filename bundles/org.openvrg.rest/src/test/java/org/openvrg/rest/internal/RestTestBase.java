package org.openvrg.rest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeStatus;

/** The application over in-memory services, on a port of its own for each test class. */
abstract class RestTestBase {
    static final String VM = "0a1b2c3d-0000-1111-2222-0123456789ab";
    static final UUID VM_UUID = UUID.fromString(VM);
    static final String PRODUCTION = "{\"vmUuid\":\"" + VM + "\",\"vmId\":\"i-0000000a\",\"vmName\":\"虚拟机\","
            + "\"encryptOption\":1,\"volList\":[{\"volUuid\":\"v1\",\"seqNum\":3},{\"volUuid\":\"v2\"}],\"more\":[1]}";
    static final String STANDBY = "{\"vmUuid\":\"" + VM + "\",\"agentIp\":\"127.0.0.1\",\"agentPort\":7100,"
            + "\"volList\":[{\"volUuid\":\"v1\",\"volumeUrl\":\"a.raw\",\"dsUrn\":\"urn:d\",\"volType\":\"LOCALPOME\","
            + "\"seqNum\":1,\"hostUrn\":\"urn:h\",\"drExtParams\":{\"dsMgntIp\":\"1.1.1.1\",\"dsResourceId\":\"1\"}}]}";

    static FakeGateway gateway;
    static VrgApplication application;
    static RestServer server;

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
        gateway.full = false;
        gateway.changed = Optional.empty();
        application.bindEngine(gateway);
        application.bindPairing(gateway);
    }

    static void report(UUID vm, boolean production, boolean connected, Map<VolumeId, VolumeStatus> volumes) {
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

    static void assertPage(int size, int total, String query) throws Exception {
        RestServer.Answer answer = server.call("GET", "/vrgservice/vmstrategy" + query, "");
        assertEquals(200, answer.status(), query + answer);
        assertEquals(size, answer.json().path("vmList").size(), query);
        assertEquals(Integer.toString(total), answer.headers().get("X-Total-Count"), query);
    }

    static void assertRefused(int status, String code, RestServer.Answer answer) throws Exception {
        assertEquals(status + " " + code, answer.status() + " " + answer.code(), answer.body());
        assertEquals(2, answer.json().size(), answer.body());
        assertFalse(answer.json().path("errorDes").asText().isEmpty(), answer.body());
        assertEquals("application/json;charset=utf-8", lower(answer.headers().get("Content-Type")));
    }

    static String lower(String text) {
        return text.toLowerCase(java.util.Locale.ROOT).replace(" ", "");
    }
}
