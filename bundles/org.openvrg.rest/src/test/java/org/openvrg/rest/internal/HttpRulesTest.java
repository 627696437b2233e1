package org.openvrg.rest.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Headers, languages, versions, and the error body whatever goes wrong. */
class HttpRulesTest extends RestTestBase {
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
        for (String method : List.of("PUT", "OPTIONS", "PATCH")) {
            RestServer.Answer answer = server.call(method, "/vrgservice/vrgmap", "");
            assertRefused(405, "10440101", answer);
            assertEquals(Set.of("DELETE", "GET", "HEAD", "POST"), allowed(answer), method);
        }
        RestServer.Answer trace = server.call("TRACE", "/vrgservice/vrgmap", "");
        assertRefused(405, "10440101", trace);
        assertTrue(allowed(trace).contains("GET"), trace.toString());
        assertRefused(404, "10440101", server.call("OPTIONS", "/vrgservice/nothing", ""));
        assertRefused(501, "10440101", server.call("PROPFIND", "/vrgservice/vrgmap", ""));
        assertRefused(415, "10440101", server.call("POST", "/vrgservice/vrgmap", "a=b", "Content-Type", "text/plain"));
        assertRefused(
                415,
                "10440101",
                server.call("POST", "/vrgservice/vrgmap", "a=b", "Content-Type", "application/x-www-form-urlencoded"));
        gateway.full = true;
        RestServer.Answer full = server.call("POST", "/vrgservice/vmstrategy", PRODUCTION);
        assertRefused(400, "10440000", full);
        assertFalse(full.body().contains("secret"), full.body());
        gateway.full = false;
        gateway.broken = true;
        RestServer.Answer failure = server.call("POST", "/vrgservice/vmstrategy", PRODUCTION);
        assertRefused(500, "10440000", failure);
        assertFalse(failure.body().contains("secret") || failure.body().contains("org.openvrg"), failure.body());
    }

    private static Set<String> allowed(RestServer.Answer answer) {
        return new TreeSet<>(List.of(answer.headers().getOrDefault("Allow", "").split("[, ]+")));
    }

    @Test
    void namesFieldValueAndWhatWouldBeRightInBothLanguages() throws Exception {
        String[][] wrong = {
            {"\"vmId\":\"i-0000000a\"", "\"vmId\":\"i-x\"", "vmId \"i-x\"", "8"},
            {"\"encryptOption\":1", "\"encryptOption\":7", "encryptOption: 7", "0"},
            {"\"encryptOption\":1", "\"encryptOption\":\"1\"", "\"?1?\"", ""},
            {"\"v2\"", "\"a/b\"", "volList[1].volUuid \"a/b\"", "64"},
            {"\"volUuid\":\"v2\"", "\"volUuid\":[]", "volList[1].volUuid", "[…]"},
            {"\"seqNum\":3", "\"seqNum\":41", "volList[0].seqNum: 41", "40"},
            {VM, "0a1b", "vmUuid \"0a1b\"", "8-4-4-4-12"}
        };
        for (String[] change : wrong) {
            String body = PRODUCTION.replace(change[0], change[1]);
            for (String language : List.of("en_US", "zh_CN")) {
                String text = server.call("POST", "/vrgservice/vmstrategy", body, "Accept-Language", language)
                        .json()
                        .path("errorDes")
                        .asText();
                assertTrue(text.contains(change[2].replace(": ", language.equals("en_US") ? ": " : ":")), text);
                assertTrue(text.contains(change[3]), text);
                assertEquals(language.equals("zh_CN"), text.chars().anyMatch(Character::isIdeographic), text);
            }
        }
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
            "{\"a\":NaN}",
            "{\"dstIp\":\"\\ud800\",\"dstPort\":1}",
            "{\"\\udc00\":1}"
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
    void answersWithWholeCharactersWhereATextIsCut() throws Exception {
        RestServer.Answer control = server.call("POST", "/vrgservice/vmstrategy", STANDBY.replace(VM, "a\\u009bb"));
        assertRefused(400, "10440401", control);
        assertTrue(control.body().contains("a?b"), control.body());
        String uuid = "a".repeat(63) + "\ud83d\ude00";
        assertRefused(400, "10440401", server.call("POST", "/vrgservice/vmstrategy", STANDBY.replace(VM, uuid)));
        String params = "{\"dsMgntIp\":\"1.1.1.1\",\"dsResourceId\":\"1\"}";
        assertTrue(STANDBY.contains(params));
        String half = STANDBY.replace(params, "\"{\\\"a\\\":\\\"\\\\ud800\\\"}\"");
        assertRefused(400, "10440101", server.call("POST", "/vrgservice/vmstrategy", half));
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
}
