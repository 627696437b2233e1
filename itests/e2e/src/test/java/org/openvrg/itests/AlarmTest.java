package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.testkit.TrapReceiver;
import org.openvrg.testkit.TrapReceiver.Trap;

/**
 * Real causes at a real pair, as snmptrapd receives them: production sends informs of v2c, the DR gateway informs of v3.
 */
class AlarmTest {
    private static final long MIB = 1 << 20;
    private static final Path MIBS = Path.of("../../docs/mib");
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration LOCK = Duration.ofMinutes(7);
    private static final String COMMUNITY = "community-of-a-test";
    private static final String USER = "alarm-user";
    private static final String AUTH_PASSWORD = "auth-password-of-a-test";
    private static final String PRIVACY_PASSWORD = "privacy-password-of-a-test";

    @TempDir
    Path folder;

    private TrapReceiver receiver() throws IOException {
        return new TrapReceiver(
                folder.resolve("receiver"),
                MIBS,
                "authCommunity log " + COMMUNITY,
                "createUser " + USER + " SHA-256 \"" + AUTH_PASSWORD + "\" AES \"" + PRIVACY_PASSWORD + "\"",
                "authUser log " + USER + " priv");
    }

    private void configure(Pair pair) throws IOException {
        Map<Appliance, Map<String, String>> security = Map.of(
                pair.production(),
                Map.of("version", "v2c", "community-file", file("community", COMMUNITY)),
                pair.dr(),
                Map.of(
                        "version",
                        "v3",
                        "user",
                        USER,
                        "auth-password-file",
                        file("auth", AUTH_PASSWORD),
                        "privacy-password-file",
                        file("privacy", PRIVACY_PASSWORD)));
        security.forEach((appliance, keys) -> {
            keys.forEach((key, value) -> appliance.configure("org.openvrg.alarm", key, value));
            appliance.configure("org.openvrg.alarm", "directory", "${karaf.data}/alarm");
            appliance.configure("org.openvrg.alarm", "retry-millis", 500);
        });
    }

    private String file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text + "\n").toString();
    }

    private static void name(TrapReceiver receiver, Appliance... appliances) throws IOException, InterruptedException {
        for (Appliance appliance : appliances) {
            appliance.rest().post("/trapinfo", Map.of("ip", "127.0.0.1", "port", receiver.port()));
        }
    }

    /** Waits for a notification, and returns the newest one of that name and subject. */
    private static Trap await(Pair pair, TrapReceiver receiver, String name, String subject) {
        return await(SOON, pair, receiver, name, subject);
    }

    private static Trap await(Duration limit, Pair pair, TrapReceiver receiver, String name, String subject) {
        Await.until(
                limit,
                () -> name + " of " + subject + "\n" + text(receiver)
                        + pair.production().tail() + pair.dr().tail(),
                () -> find(receiver, name, subject).isPresent());
        try {
            return find(receiver, name, subject).orElseThrow();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String text(TrapReceiver receiver) {
        try {
            return receiver.text();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static Optional<Trap> find(TrapReceiver receiver, String name, String subject) throws IOException {
        return receiver.traps().stream()
                .filter(trap -> trap.name().equals(name)
                        && trap.value("vrgAlarmSubject").equals(subject))
                .reduce((first, second) -> second);
    }

    private static void assertPair(Trap raised, Trap cleared) {
        assertEquals(raised.value("vrgAlarmId"), cleared.value("vrgAlarmId"));
        assertEquals(raised.value("vrgGatewayUuid"), cleared.value("vrgGatewayUuid"));
        assertEquals("cleared(1)", cleared.value("vrgAlarmSeverity"));
        assertTrue(raised.number() < cleared.number());
    }

    private static JsonNode alarms(Appliance appliance) throws IOException, InterruptedException {
        return appliance.rest().get("/ext/alarms").path("alarms");
    }

    private static void awaitNone(Pair pair, Appliance appliance) {
        Await.until(
                SOON, () -> "no alarm: " + pair.production().tail() + pair.dr().tail(), () -> alarms(appliance)
                        .isEmpty());
    }

    @Test
    void tellsOfRealCausesAndOfTheirEnd() throws Exception {
        try (TrapReceiver receiver = receiver().start();
                Pair pair = new Pair("alarms").patient()) {
            configure(pair);
            Pair.replication(pair.production(), "journal.limit-bytes", 64 * MIB);
            pair.start();
            name(receiver, pair.production(), pair.dr());
            String disk = pair.newDisk(128 * MIB);
            String vm = pair.protect(true, false, disk);
            pair.awaitInStep(vm);
            pair.awaitExport(disk);
            awaitNone(pair, pair.production());
            awaitNone(pair, pair.dr());

            fallsToChangedBlocksWhileTheLinkIsDown(pair, receiver, vm, disk);
            losesItsAgent(pair, receiver, vm);
            hasAVolumeOfAnUnknownKind(pair, receiver);
        }
    }

    private static void fallsToChangedBlocksWhileTheLinkIsDown(Pair pair, TrapReceiver receiver, String vm, String disk)
            throws Exception {
        String peer = "127.0.0.1 port " + pair.linkToDr().port();
        pair.cutLink();
        Trap down = await(pair, receiver, "vrgLinkDown", peer);
        Path image = pair.production().home().resolve("image.raw");
        Tools.succeed(
                SOON, List.of("fio", "--name=fill", "--filename=" + image, "--size=100M", "--rw=write", "--bs=1M"));
        Tools.succeed(SOON, List.of("nbdcopy", image.toString(), pair.uri(disk)));
        Trap fell = await(pair, receiver, "vrgVmFellToCbt", vm);
        Trap full = await(pair, receiver, "vrgJournalFull", vm);
        Trap nearly = await(pair, receiver, "vrgJournalNearlyFull", vm);
        assertEquals(vm, fell.value("vrgAlarmVmUuid"));
        assertEquals("major(4)", fell.value("vrgAlarmSeverity"));
        assertEquals(
                4, alarms(pair.production()).size(), alarms(pair.production()).toString());
        for (JsonNode alarm : alarms(pair.production())) {
            boolean ofVm = !alarm.path("kind").asText().equals("LINK_DOWN");
            assertEquals(ofVm ? vm : "", alarm.path("vmUuid").asText());
            assertFalse(alarm.path("text").asText().isEmpty());
            assertTrue(alarm.path("since").asLong() <= System.currentTimeMillis());
        }
        pair.restoreLink();
        assertPair(down, await(pair, receiver, "vrgLinkDownCleared", peer));
        assertPair(fell, await(pair, receiver, "vrgVmFellToCbtCleared", vm));
        assertPair(full, await(pair, receiver, "vrgJournalFullCleared", vm));
        assertPair(nearly, await(pair, receiver, "vrgJournalNearlyFullCleared", vm));
        awaitNone(pair, pair.production());
        pair.awaitDrained(vm);
    }

    private static void losesItsAgent(Pair pair, TrapReceiver receiver, String vm) {
        pair.agent().cut();
        Trap lost = await(pair, receiver, "vrgAgentLost", vm);
        pair.agent().restore();
        assertPair(lost, await(pair, receiver, "vrgAgentLostCleared", vm));
        awaitNone(pair, pair.dr());
    }

    private static void hasAVolumeOfAnUnknownKind(Pair pair, TrapReceiver receiver) throws Exception {
        String vm = UUID.randomUUID().toString();
        String disk = pair.newDisk(MIB);
        pair.protectStandby(vm, "NOSUCHKIND", disk);
        Trap error = await(pair, receiver, "vrgVolumeError", vm + "/" + disk);
        assertEquals(vm, error.value("vrgAlarmVmUuid"));
        assertEquals(disk, error.value("vrgAlarmVolumeUuid"));
        pair.protectStandby(vm, "LOCALPOME", disk);
        pair.protectProduction(vm, true, true, disk);
        pair.awaitInStep(vm);
        assertPair(error, await(pair, receiver, "vrgVolumeErrorCleared", vm + "/" + disk));
    }

    @Test
    void sendsAfterAKillWhatWaited() throws Exception {
        try (TrapReceiver receiver = receiver();
                Pair pair = new Pair("alarms-kill").patient()) {
            configure(pair);
            pair.start();
            name(receiver, pair.production(), pair.dr());
            String disk = pair.newDisk(MIB);
            String vm = pair.protect(true, true, disk);
            pair.awaitInStep(vm);
            String broken = UUID.randomUUID().toString();
            pair.protectStandby(broken, "NOSUCHKIND", pair.newDisk(MIB));
            Await.until(SOON, () -> "alarm", () -> alarms(pair.dr()).size() == 1);
            pair.agent().cut();
            Path kept = pair.dr().home().resolve("data/alarm/alarms.log");
            Await.until(SOON, () -> "alarms on disk: " + pair.dr().tail(), () -> {
                List<String> lines = Files.readAllLines(kept);
                return lines.stream().filter(line -> line.contains("\traise\t")).count() >= 3;
            });
            JsonNode before = alarms(pair.dr());
            pair.dr().kill();
            pair.agent().restore(); // the cause ends while the gateway is down
            pair.dr().start();
            assertEquals(
                    receiver.port(),
                    pair.dr().rest().get("/trapinfo").path("port").asInt());
            receiver.start();

            Trap lost = await(pair, receiver, "vrgAgentLost", vm);
            assertPair(lost, await(pair, receiver, "vrgAgentLostCleared", vm));
            Trap volume = receiver.traps().stream()
                    .filter(trap -> trap.name().equals("vrgVolumeError")
                            && trap.value("vrgAlarmVmUuid").equals(broken))
                    .findFirst()
                    .orElseThrow();
            Await.until(
                    SOON,
                    () -> "one alarm: " + pair.dr().tail(),
                    () -> alarms(pair.dr()).size() == 1);
            JsonNode still = alarms(pair.dr()).get(0);
            assertEquals(volume.value("vrgAlarmId"), still.path("id").asText(), "the same alarm as before the kill");
            assertTrue(before.findValuesAsText("id").contains(still.path("id").asText()), before.toString());
            List<Long> numbers = receiver.distinct().stream()
                    .filter(trap -> trap.value("vrgGatewayUuid").equals(lost.value("vrgGatewayUuid")))
                    .map(Trap::number)
                    .toList();
            // the first may have come and gone before a server was named, as the link's does while a pair connects
            long first = numbers.get(0);
            assertEquals(LongStream.range(first, first + numbers.size()).boxed().toList(), numbers, "none is missing");
            for (Appliance appliance : List.of(pair.production(), pair.dr())) {
                for (String secret : List.of(COMMUNITY, AUTH_PASSWORD, PRIVACY_PASSWORD)) {
                    assertFalse(appliance.log().contains(secret), secret);
                }
            }
        }
    }

    private static int login(Appliance appliance, String key) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(appliance.rest().base() + "/session"))
                .timeout(Duration.ofSeconds(30))
                .header("X-Auth-User", "admin")
                .header("X-Auth-Key", key)
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        return HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.ofString())
                .statusCode();
    }

    private void locksAnAccount(Pair pair, TrapReceiver receiver, boolean untilItEnds) throws Exception {
        configure(pair);
        pair.start();
        name(receiver, pair.production());
        for (int i = 0; i < 3; i++) {
            assertEquals(400, login(pair.production(), "0".repeat(64)));
        }
        Trap locked = await(pair, receiver, "vrgAccountLocked", "admin");
        assertEquals("warning(6)", locked.value("vrgAlarmSeverity"));
        if (untilItEnds) {
            assertPair(locked, await(LOCK, pair, receiver, "vrgAccountLockedCleared", "admin"));
        }
    }

    @Test
    void tellsOfALockedAccount() throws Exception {
        try (TrapReceiver receiver = receiver().start();
                Pair pair = new Pair("alarms-account")) {
            locksAnAccount(pair, receiver, false);
        }
    }

    @Test
    @Tag("long")
    void tellsWhenALockEnds() throws Exception {
        try (TrapReceiver receiver = receiver().start();
                Pair pair = new Pair("alarms-account-long")) {
            locksAnAccount(pair, receiver, true);
        }
    }
}
