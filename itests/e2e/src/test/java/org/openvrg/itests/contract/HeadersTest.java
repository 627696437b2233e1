package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** A case for every row of the contract's table of headers, and for what its base says. */
@ExtendWith(SharedPair.class)
class HeadersTest {
    private final Client client;

    HeadersTest(SharedPair.Contract contract) {
        this.client = contract.production();
    }

    @TestFactory
    List<DynamicTest> acceptNamesTheVersion() {
        List<DynamicTest> cases = new ArrayList<>();
        for (String served : List.of(
                "application/json;version=v1.0;charset=UTF-8",
                "application/json; version=v1.0; charset=UTF-8",
                "application/json;version=1.0;charset=UTF-8",
                "application/json; charset=UTF-8",
                "application/json",
                "*/*")) {
            cases.add(DynamicTest.dynamicTest(served, () -> client.send("GET", "/versions", "", "Accept", served)
                    .ok()));
        }
        for (String other : List.of("v2.0", "2.0", "v1", "1", "5.1", "v1.0.1", "")) {
            String accept = "application/json;version=" + other + ";charset=UTF-8";
            cases.add(DynamicTest.dynamicTest(accept, () -> {
                String text =
                        client.send("GET", "/versions", "", "Accept", accept).refused(400, "10440101");
                assertTrue(text.contains("Accept") && text.contains("v1.0"), text);
                client.call("GET", "/vrgmap", "", "Accept", accept).refused(400, "10440101");
            }));
        }
        cases.add(DynamicTest.dynamicTest("no Accept at all", () -> {
            client.raw("GET /vrgservice/versions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    .checked()
                    .ok();
        }));
        return cases;
    }

    @TestFactory
    List<DynamicTest> acceptLanguageIsTheLanguageOfErrors() {
        List<DynamicTest> cases = new ArrayList<>();
        for (String chinese : List.of("zh_CN", "zh-CN", "zh", "ZH_cn", "en;q=0.3, zh_CN;q=0.9", "fr, zh-CN;q=0.1")) {
            cases.add(DynamicTest.dynamicTest(chinese, () -> assertTrue(isChinese(errorIn(chinese)))));
        }
        for (String english : List.of("en_US", "en-US", "en", "fr", "*", "zh_CN;q=0.1, en_US;q=0.8", "zh;q=0")) {
            cases.add(DynamicTest.dynamicTest(english, () -> assertFalse(isChinese(errorIn(english)))));
        }
        cases.add(DynamicTest.dynamicTest(
                "absent is en_US",
                () -> assertFalse(isChinese(client.get("/vmdrstatus/x").text()))));
        return cases;
    }

    private String errorIn(String language) throws Exception {
        return client.call("GET", "/vmdrstatus/x", "", "Accept-Language", language)
                .refused(400, "10440401");
    }

    private static boolean isChinese(String text) {
        return text.chars().anyMatch(Character::isIdeographic);
    }

    @Test
    void userIsOneToTwentyCharacters() throws Exception {
        for (String user : List.of("x".repeat(21), " ")) {
            String text = client.login(user, client.key()).refused(400, "10440101");
            assertTrue(text.contains("X-Auth-User") && text.contains("20"), text);
        }
        client.send("POST", "/session", "", "X-Auth-Key", client.key()).refused(400, "10440101");
        client.login("x".repeat(20), client.key()).refused(400, "10440201");
    }

    @Test
    void keyIsTheSha256OfThePasswordInEitherCase() throws Exception {
        client.login("admin", client.key().toUpperCase(java.util.Locale.ROOT)).ok();
        client.login("admin", client.key().toLowerCase(java.util.Locale.ROOT)).ok();
        for (String key : List.of("x", client.key().substring(1), client.key() + "0", "g".repeat(64))) {
            String text = client.login("admin", key).refused(400, "10440200");
            assertTrue(text.contains("X-Auth-Key") && !text.contains(key + key), text);
        }
        client.send("POST", "/session", "", "X-Auth-User", "admin").refused(400, "10440200");
    }

    @Test
    void tokenIsNeededByEveryCallButVersionsAndLogin() throws Exception {
        for (Description.Operation operation : client.description().operations()) {
            String path = operation.template().replace("{vmUuid}", "0a1b2c3d-0000-1111-2222-0123456789ab");
            boolean open = operation.node().has("security");
            assertEquals(open, List.of("GET /versions", "POST /session").contains(operation.name()), operation.name());
            if (!open) {
                String body = operation.node().has("requestBody") ? "{}" : "";
                client.send(operation.verb(), path, body).refused(400, "10440102");
                client.send(operation.verb(), path, body, "X-Auth-Token", "guess")
                        .refused(400, "10440102");
            }
        }
        client.send("GET", "/versions", "").ok();
    }

    @Test
    void contentTypeIsJson() throws Exception {
        for (String type : List.of("application/json", "application/json; charset=UTF-8", "APPLICATION/JSON")) {
            client.call("POST", "/vmstrategy/x", "{}", "Content-Type", type).refused(400, "10440401");
        }
        for (String type : List.of("text/plain", "application/x-www-form-urlencoded", "text/xml", "nonsense")) {
            String text = client.call("POST", "/vmstrategy/x", "a=b", "Content-Type", type)
                    .refused(415, "10440101");
            assertTrue(text.contains("application/json"), text);
        }
        client.call("GET", "/vrgstatus", "", "Content-Type", "application/json; charset=UTF-8")
                .ok();
    }

    @Test
    void trailingSlashIsAlwaysAccepted() throws Exception {
        for (String path : List.of("/versions/", "/vrgstatus/", "/vrgmap/", "/ext/vms/", "/ext/identity/")) {
            client.get(path).ok();
        }
        String vm = "/0a1b2c3d-0000-1111-2222-0123456789ab/";
        client.get("/vmdrstatus" + vm).refused(400, "10440400");
        client.post("/vmstrategy" + vm, "{\"delFlag\":1}").refused(400, "10440400");
        client.call("DELETE", "/vmstrategy" + vm + "?delFlag=2", "").refused(400, "10440400");
    }

    @Test
    void hostMayBeWrittenAsTheVendorDocumentDoes() throws Exception {
        client.raw("GET /vrgservice/vrgstatus HTTP/1.1\r\nHost: https://192.0.2.1:8080\r\nX-Auth-Token: "
                        + client.token() + "\r\nConnection: close\r\n\r\n")
                .checked()
                .ok();
    }

    @Test
    void unknownMembersAreIgnoredAndAWrongTypeIsNot() throws Exception {
        String vm = "/vmstrategy/0a1b2c3d-0000-1111-2222-0123456789ab";
        client.post(vm, "{\"delFlag\":1,\"more\":{\"x\":[1]}}").refused(400, "10440400");
        for (String wrong : List.of("\"1\"", "true", "1.5", "[1]", "{}")) {
            String text = client.post(vm, "{\"delFlag\":" + wrong + "}").refused(400, "10440101");
            assertTrue(text.contains("delFlag") && text.contains("integer"), text);
        }
    }
}
