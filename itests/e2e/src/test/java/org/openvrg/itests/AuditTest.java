package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The audit log of the real distribution. */
class AuditTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String WRONG_KEY = "0123456789abcdef".repeat(4);

    private static Appliance appliance;
    private static Path log;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        appliance = Gateway.shared();
        log = appliance.home().resolve("data/log/audit.log");
    }

    private static void send(String call, String... headers) throws IOException {
        String request = call + " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n"
                + List.of(headers).stream().map(header -> header + "\r\n").reduce("", String::concat) + "\r\n";
        Https.exchange(appliance.httpPort(), false, request.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String awaitLine(String part) {
        Await.until(SOON, () -> part + " in\n" + read(), () -> read().contains(part));
        List<String> lines = read().lines().filter(line -> line.contains(part)).toList();
        assertEquals(1, lines.size(), lines.toString());
        return lines.get(0);
    }

    private static String read() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return "";
        }
    }

    @Test
    void tellsWhoDidWhatFromWhere() throws Exception {
        String vm = UUID.randomUUID().toString();
        appliance
                .rest()
                .call(
                        "POST",
                        "/vmstrategy",
                        "{\"vmUuid\":\"" + vm + "\",\"volList\":[{\"volUuid\":\"" + UUID.randomUUID()
                                + "\",\"seqNum\":1}]}");
        String made = awaitLine("path=\"/vrgservice/vmstrategy\" status=200 errorCode=- vmUuid=\"" + vm + "\"");
        assertTrue(
                made.matches(
                        "\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z user=\"admin\" from=\"127\\.0\\.0\\.1\" method=\"POST\" .*"),
                made);
        appliance.rest().call("POST", "/vmstrategy/" + vm, "{\"delFlag\":2}");
        awaitLine("method=\"POST\" path=\"/vrgservice/vmstrategy/" + vm + "\" status=200");
        String unknown = UUID.randomUUID().toString();
        appliance.rest().call("DELETE", "/vmstrategy/" + unknown, "");
        awaitLine("method=\"DELETE\" path=\"/vrgservice/vmstrategy/" + unknown + "\" status=400 errorCode=10440400");
        appliance.rest().call("GET", "/vmstrategy?vmUuid=" + unknown, "");
        assertFalse(read().contains("method=\"GET\" path=\"/vrgservice/vmstrategy\""), "reading is not told");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(log)));
        assertFalse(appliance.log().contains("user=\"admin\" from="), "a log of its own");
    }

    @Test
    void tellsLoginsAndWhatCameWithoutASession() throws Exception {
        String stranger = "u" + UUID.randomUUID().toString().substring(0, 12);
        send("POST /vrgservice/session", "X-Auth-User: " + stranger, "X-Auth-Key: " + WRONG_KEY);
        awaitLine("user=\"" + stranger + "\" from=\"127.0.0.1\" method=\"POST\" path=\"/vrgservice/session\""
                + " status=400 errorCode=10440201");
        String forged = UUID.randomUUID().toString();
        send("GET /vrgservice/ext/vms/" + forged, "X-Auth-Token: " + WRONG_KEY);
        awaitLine("user=- from=\"127.0.0.1\" method=\"GET\" path=\"/vrgservice/ext/vms/" + forged
                + "\" status=400 errorCode=10440102");
        appliance.rest().call("DELETE", "/session", "");
        Await.until(SOON, AuditTest::read, () -> read().contains("user=\"admin\" from=\"127.0.0.1\" method=\"DELETE\""
                + " path=\"/vrgservice/session\" status=200 errorCode=-"));
        appliance.rest().get("/vrgstatus");
        Await.until(SOON, AuditTest::read, () -> read().contains(
                        "user=\"admin\" from=\"127.0.0.1\" method=\"POST\" path=\"/vrgservice/session\""
                                + " status=200 errorCode=-"));
        assertFalse(read().contains(WRONG_KEY), "no secrets");
        assertFalse(read().contains(appliance.rest().token()), "no secrets");
    }

    @Test
    void letsNobodyForgeALine() throws Exception {
        String mark = UUID.randomUUID().toString();
        send(
                "POST /vrgservice/vmstrategy/%0d%0a" + mark + "%22%20status=200",
                "X-Auth-User: x\" status=200",
                "X-Auth-Token: x");
        String line = awaitLine(mark);
        assertTrue(
                line.contains("path=\"/vrgservice/vmstrategy/%0d%0a" + mark + "%22%20status=200\" status=400"), line);
        assertTrue(line.contains("user=\"x\\u0022 status=200\""), line);
        appliance
                .rest()
                .call("POST", "/vmstrategy", "{\"vmUuid\":\"a\\nuser=\\\"admin\\\" " + mark.substring(1) + "\"}");
        String body = awaitLine("\\u000auser=\\u0022admin\\u0022 " + mark.substring(1));
        assertTrue(body.contains("errorCode=10440401"), body);
        for (String each : read().lines().toList()) {
            assertTrue(each.matches("[0-9-]{10}T[0-9:.]+Z (user=.*|\\d+ more calls .*)"), each);
        }
    }
}
