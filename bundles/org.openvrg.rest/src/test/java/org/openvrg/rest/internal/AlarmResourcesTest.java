package org.openvrg.rest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openvrg.api.service.AlarmAdmin.Server;

class AlarmResourcesTest {
    private static final String TRAPINFO = "/vrgservice/trapinfo";

    private final FakeAlarms alarms = new FakeAlarms();
    private VrgApplication application;
    private RestServer server;

    @BeforeEach
    void start() throws Exception {
        FakeGateway gateway = new FakeGateway();
        application = new VrgApplication(gateway, gateway, gateway);
        application.bindAlarms(alarms);
        server = new RestServer(application);
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
    }

    private String answer(String method, String path, String body) throws Exception {
        RestServer.Answer answer = server.call(method, path, body);
        return answer.status() == 200 ? answer.body() : answer.status() + " " + answer.code();
    }

    @Test
    void namesShowsAndRemovesTheServer() throws Exception {
        assertEquals("400 10440402", answer("GET", TRAPINFO, ""));
        assertEquals("", answer("POST", TRAPINFO, "{\"ip\":\"192.0.2.7\",\"port\":162,\"more\":[]}"));
        assertEquals("{\"ip\":\"192.0.2.7\",\"port\":162}", answer("GET", TRAPINFO + "/", ""));
        assertEquals("", answer("POST", TRAPINFO + "/", "{\"ip\":\"2001:db8::7\",\"port\":65535}"));
        assertEquals(Optional.of(new Server("2001:db8::7", 65535)), alarms.server);
        for (String removal : List.of(
                "{\"ip\":\"0.0.0.0\"}", "{\"ip\":\"0.0.0.0\",\"port\":0}", "{\"ip\":\"0.0.0.0\",\"port\":162}")) {
            alarms.sendTo(new Server("192.0.2.7", 162));
            assertEquals("", answer("POST", TRAPINFO, removal));
            assertEquals("400 10440402", answer("GET", TRAPINFO, ""));
        }
    }

    @Test
    void refusesWhatIsNoServerAndKeepsThePresentOne() throws Exception {
        alarms.sendTo(new Server("192.0.2.7", 162));
        Map<String, List<String>> bodies = Map.of(
                "10440301",
                List.of(
                        "\"\"",
                        "\"localhost\"",
                        "\"1.2.3\"",
                        "\"256.1.1.1\"",
                        "\"::\"",
                        "\"224.0.0.1\"",
                        "\"255.255.255.255\""),
                "10440101",
                List.of("7", "null", "[]", "true"));
        for (Map.Entry<String, List<String>> entry : bodies.entrySet()) {
            for (String ip : entry.getValue()) {
                assertEquals("400 " + entry.getKey(), answer("POST", TRAPINFO, "{\"ip\":" + ip + ",\"port\":162}"), ip);
            }
        }
        for (String port : List.of("0", "-1", "65536", "99999999999999999999")) {
            assertEquals(
                    "400 10440302", answer("POST", TRAPINFO, "{\"ip\":\"192.0.2.8\",\"port\":" + port + "}"), port);
        }
        for (String port : List.of("\"162\"", "1.5", "null", "true")) {
            assertEquals(
                    "400 10440101", answer("POST", TRAPINFO, "{\"ip\":\"192.0.2.8\",\"port\":" + port + "}"), port);
        }
        assertEquals("400 10440101", answer("POST", TRAPINFO, "{\"ip\":\"0.0.0.0\",\"port\":\"x\"}"));
        assertEquals("400 10440101", answer("POST", TRAPINFO, ""));
        assertEquals("405 10440101", answer("DELETE", TRAPINFO, ""));
        assertEquals(Optional.of(new Server("192.0.2.7", 162)), alarms.server);
        RestServer.Answer chinese = server.call("POST", TRAPINFO, "{\"ip\":\"x\"}", "Accept-Language", "zh_CN");
        assertTrue(chinese.body().contains("不合法"), chinese.body());
    }

    @Test
    void listsWhatIsRaised() throws Exception {
        assertEquals(
                "{\"alarms\":[{\"id\":7,\"kind\":\"VOLUME_ERROR\",\"severity\":\"MAJOR\",\"subject\":\"" + FakeAlarms.VM
                        + "/v1\",\"vmUuid\":\"" + FakeAlarms.VM
                        + "\",\"volUuid\":\"v1\",\"since\":1700000000123,\"text\":\"no such file\"},"
                        + "{\"id\":8,\"kind\":\"LINK_DOWN\",\"severity\":\"MAJOR\",\"subject\":\"192.0.2.1 port 7000\","
                        + "\"vmUuid\":\"\",\"volUuid\":\"\",\"since\":0,\"text\":\"down\"}]}",
                answer("GET", "/vrgservice/ext/alarms/", ""));
    }

    @Test
    void demandsASessionAndTheService() throws Exception {
        for (String path : List.of(TRAPINFO, "/vrgservice/ext/alarms")) {
            assertEquals("10440102", server.callWithoutToken("GET", path, "").code());
        }
        application.unbindAlarms(alarms);
        assertEquals("503 10440000", answer("GET", TRAPINFO, ""));
        assertEquals("503 10440000", answer("POST", TRAPINFO, "{\"ip\":\"192.0.2.7\",\"port\":162}"));
        assertEquals("503 10440000", answer("GET", "/vrgservice/ext/alarms", ""));
    }
}
