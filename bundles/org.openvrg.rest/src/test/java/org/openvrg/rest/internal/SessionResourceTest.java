package org.openvrg.rest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Versions, login, logout, password, and what needs a session. */
class SessionResourceTest extends RestTestBase {
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
    void changesThePasswordOfWhoIsLoggedIn() throws Exception {
        String body = "{\"oldKey\":\"" + "a".repeat(64) + "\",\"newKey\":\"" + "b".repeat(64) + "\"}";
        for (String method : List.of("PUT", "POST")) {
            gateway.loggedIn = true;
            RestServer.Answer answer = server.call(method, "/vrgservice/password/", body);
            assertEquals(200, answer.status(), answer.body());
            assertEquals(Optional.of("admin " + "a".repeat(64) + " " + "b".repeat(64)), gateway.changed);
            assertRefused(400, "10440102", server.call("GET", "/vrgservice/vrgmap", ""));
        }
        gateway.loggedIn = true;
        assertRefused(400, "10440200", server.call("PUT", "/vrgservice/password", body.replace('b', 'a')));
        for (String bad : List.of(
                "",
                "{}",
                "{\"oldKey\":\"a\"}",
                "{\"oldKey\":1,\"newKey\":\"b\"}",
                "{\"oldKey\":null,\"newKey\":\"b\"}")) {
            assertRefused(400, "10440101", server.call("PUT", "/vrgservice/password", bad));
        }
        assertRefused(405, "10440101", server.call("GET", "/vrgservice/password", ""));
    }

    @Test
    void demandsASessionForEverythingElse() throws Exception {
        for (String call : List.of(
                "DELETE session",
                "PUT password",
                "POST password",
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
}
