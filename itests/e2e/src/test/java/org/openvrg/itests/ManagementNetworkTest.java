package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The distribution in a network namespace with a real interface, whose address is changed over REST. */
class ManagementNetworkTest {
    private static final String PASSWORD = "Only-for-tests-1";
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int SHORT_SECONDS = 10;
    /** Enough for a call to arrive, however busy the machine is. */
    private static final int LONG_SECONDS = 30;

    private static final String OLD_IP = NetworkLab.OLD_IP;
    private static final String NEW_IP = NetworkLab.NEW_IP;
    private static final String CHANGE = "{\"newIp\":\"" + NEW_IP + "\",\"newMask\":\"255.255.255.0\",\"newGateway\":\""
            + NetworkLab.NEW_ROUTER + "\"}";
    private static final String INTERFACES =
            """
            auto lo eth0
            iface lo inet loopback
            iface eth0 inet static
                address 192.0.2.2/24
                gateway 192.0.2.1
                dns-nameservers 192.0.2.53
            """;

    private NetworkLab lab;
    private Appliance appliance;
    private Path networkd;
    private Path interfaces;
    private Path note;

    @BeforeEach
    void unpack() throws IOException, InterruptedException {
        lab = new NetworkLab();
        Path folder = Path.of(System.getProperty("vrg.work"), "network-" + UUID.randomUUID());
        appliance = new Appliance(folder.resolve("gateway"), 8080, PASSWORD);
        networkd = Files.createDirectories(folder.resolve("networkd"));
        interfaces = Files.writeString(folder.resolve("interfaces"), INTERFACES);
        note = appliance.home().resolve("data/network/pending-change.json");
        Path password = Files.writeString(folder.resolve("admin-password"), PASSWORD);
        appliance.configure("org.ops4j.pax.web", "org.ops4j.pax.web.listening.addresses", "0.0.0.0");
        appliance.configure("org.ops4j.pax.web", "org.osgi.service.http.port", 8080);
        appliance.configure("org.openvrg.control", "database", "${karaf.data}/control/vrg.db");
        appliance.configure("org.openvrg.control", "admin-password-file", password);
        appliance.configure("org.openvrg.network", "directory", "${karaf.data}/network");
        appliance.configure("org.openvrg.network", "host-interface", "host0");
        appliance.configure("org.openvrg.network", "peer-interface", "peer0");
        appliance.configure("org.openvrg.network", "networkd-directory", networkd);
        appliance.configure("org.openvrg.network", "networkctl-command", "");
        appliance.configure("org.openvrg.network", "ifupdown-file", interfaces);
    }

    @AfterEach
    void remove() {
        appliance.close();
        lab.close();
    }

    @Test
    void keepsAConfirmedChange() throws IOException, InterruptedException {
        start("networkd", LONG_SECONDS, List.of());
        assertEquals(
                "[{\"type\":0,\"ip\":\"192.0.2.2\",\"port\":8080,\"netmask\":\"255.255.255.0\",\"gateway\":\"192.0.2.1\"},"
                        + "{\"type\":1,\"ip\":\"10.1.0.2\",\"port\":10809,\"netmask\":\"255.255.0.0\"},"
                        + "{\"type\":2,\"ip\":\"10.2.0.2\",\"port\":7000,\"netmask\":\"255.255.255.252\"}]",
                networks(OLD_IP).toString());

        JsonNode answer = ok(lab.callInSession(OLD_IP, "POST", "/modmngnet", CHANGE));
        assertEquals(
                "{\"IP\":\"198.51.100.7\",\"netmask\":\"255.255.255.0\",\"netGateway\":\"198.51.100.1\"}",
                answer.toString());
        assertTrue(Files.exists(note));
        confirm();
        assertEquals(List.of("198.51.100.7/24"), lab.addresses());
        String state = lab.state();
        assertTrue(state.contains("default via 198.51.100.1 dev eth0 proto static metric 50"), state);
        String file = Files.readString(networkd.resolve("00-vrg-eth0.network"));
        assertTrue(file.contains("Address=198.51.100.7/24\n"), file);
        assertTrue(file.contains("[Route]\nGateway=198.51.100.1\nMetric=50\n"), file);
        assertEquals(
                "{\"type\":0,\"ip\":\"198.51.100.7\",\"port\":8080,\"netmask\":\"255.255.255.0\","
                        + "\"gateway\":\"198.51.100.1\"}",
                networks(NEW_IP).get(0).toString());

        Await.pass(Duration.ofSeconds(LONG_SECONDS + 2));
        assertEquals(state, lab.state());
        System.out.println("confirmed, and kept after " + LONG_SECONDS + " s:\n" + state + "\n" + file);
    }

    @Test
    void goesBackWithoutACallInASession() throws IOException, InterruptedException {
        start("ifupdown", SHORT_SECONDS, List.of());
        String before = lab.state();
        long asked = System.nanoTime();
        ok(lab.callInSession(OLD_IP, "POST", "/modmngnet", CHANGE));
        awaitAddress(NEW_IP + "/24");
        // neither of these confirms
        lab.call(NEW_IP, "GET", "/versions", "");
        lab.call(NEW_IP, "GET", "/vrgstatus", "", "X-Auth-Token: guess");
        awaitAddress(OLD_IP + "/24");
        long seconds = Duration.ofNanos(System.nanoTime() - asked).toSeconds();
        Await.until(LIMIT, () -> "the note is gone\n" + appliance.tail(), () -> !Files.exists(note));
        assertTrue(seconds >= SHORT_SECONDS, "back after " + seconds + " s");
        assertEquals(before, lab.state());
        assertEquals(INTERFACES, Files.readString(interfaces));
        assertEquals(OLD_IP, networks(OLD_IP).get(0).path("ip").asText());
        System.out.println("not confirmed, back after " + seconds + " s:\n" + lab.state());
    }

    @Test
    void goesBackAfterAKill() throws IOException, InterruptedException {
        start("ifupdown", LONG_SECONDS, List.of());
        String before = lab.state();
        ok(lab.callInSession(OLD_IP, "POST", "/modmngnet", CHANGE));
        awaitAddress(NEW_IP + "/24");
        appliance.kill();
        assertEquals(List.of(NEW_IP + "/24"), lab.addresses(), "nobody is there to take it back");
        assertTrue(Files.exists(note));
        appliance.launch();
        awaitAddress(OLD_IP + "/24");
        Await.until(LIMIT, () -> "the note is gone\n" + appliance.tail(), () -> !Files.exists(note));
        assertEquals(before, lab.state());
        assertEquals(INTERFACES, Files.readString(interfaces));
        System.out.println("killed before it was confirmed, back after the restart:\n" + lab.state());

        lab.login(OLD_IP, key(), appliance);
        ok(lab.callInSession(OLD_IP, "POST", "/modmngnet", CHANGE));
        confirm();
        assertEquals(
                INTERFACES
                        .replace("address 192.0.2.2/24", "address 198.51.100.7/24")
                        .replace("gateway 192.0.2.1", "gateway 198.51.100.1\n    metric 50"),
                Files.readString(interfaces));
    }

    @Test
    void changesNothingWithoutTheRightOrTheInterface() throws IOException, InterruptedException {
        start("networkd", SHORT_SECONDS, List.of("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"));
        String before = lab.state();
        assertEquals(OLD_IP, networks(OLD_IP).get(0).path("ip").asText());
        assertRefused("10440305", lab.callInSession(OLD_IP, "POST", "/modmngnet", CHANGE));
        assertRefused(
                "10440101",
                lab.callInSession(OLD_IP, "POST", "/modmngnet", CHANGE.replace("255.255.255", "255.0.255")));
        assertRefused("10440301", lab.callInSession(OLD_IP, "POST", "/modmngnet", CHANGE.replace(NEW_IP, "gateway")));

        appliance.configure("org.openvrg.network", "management-interface", "absent0");
        appliance.kill();
        appliance.launchBy(lab.launcher());
        appliance.launch();
        lab.login(OLD_IP, key(), appliance);
        assertRefused("10440305", lab.callInSession(OLD_IP, "GET", "/netinfos", ""));
        assertRefused("10440305", lab.callInSession(OLD_IP, "POST", "/modmngnet", CHANGE));
        assertFalse(Files.exists(note));
        assertEquals(before, lab.state());
        assertEquals(0, networkd.toFile().list().length);
    }

    private void start(String persistence, int confirmSeconds, List<String> launcher) throws IOException {
        appliance.configure("org.openvrg.network", "persistence", persistence);
        appliance.configure("org.openvrg.network", "confirm-seconds", confirmSeconds);
        List<String> command = new ArrayList<>(lab.launcher());
        command.addAll(launcher);
        appliance.launchBy(command);
        appliance.launch();
        lab.login(OLD_IP, key(), appliance);
    }

    /** Calls at the new address until the change is settled. */
    private void confirm() {
        Await.until(LIMIT, () -> "a call arrives at the new address\n" + appliance.tail(), () -> lab.callInSession(
                        NEW_IP, "GET", "/vrgstatus", "")
                .filter(answer -> answer.status() == 200)
                .isPresent());
        Await.until(LIMIT, () -> "the change is settled\n" + appliance.tail(), () -> !Files.exists(note));
    }

    private void awaitAddress(String cidr) {
        Await.until(LIMIT, () -> cidr + "\n" + appliance.tail(), () -> lab.addresses()
                .equals(List.of(cidr)));
    }

    private JsonNode networks(String ip) throws IOException, InterruptedException {
        return ok(lab.callInSession(ip, "GET", "/netinfos", "")).path("netInfos");
    }

    private JsonNode ok(Optional<Rest.Answer> answer) {
        assertEquals(Optional.of(200), answer.map(Rest.Answer::status), () -> answer + "\n" + appliance.tail());
        return answer.orElseThrow().body();
    }

    private static void assertRefused(String code, Optional<Rest.Answer> answer) {
        assertEquals(
                Optional.of("400 " + code),
                answer.map(found ->
                        found.status() + " " + found.body().path("errorCode").asText()),
                answer::toString);
    }

    private static String key() {
        return Rest.sha256(PASSWORD);
    }
}
