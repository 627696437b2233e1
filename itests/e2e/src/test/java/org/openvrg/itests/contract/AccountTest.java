package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Appliance;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;

/** Rows of the contract that spoil an account or an appliance, each on one of its own that is not paired. */
class AccountTest {
    private static final String WRONG = "ab".repeat(32);
    private static final String NEW = Client.sha256("Another-one-for-tests-2");
    private static final int RACES = 400;

    @Test
    void passwordChangeEndsEverySessionAndOutlivesAKill() throws Exception {
        try (Pair pair = new Pair("account")) {
            Appliance appliance = pair.production();
            appliance.start();
            Client client = new Client(appliance);
            String first = client.token();
            String second = token(client, client.key());
            for (String bad :
                    List.of("short", client.key(), Client.sha256(""), Client.sha256("admin"), "0".repeat(64))) {
                String text = change(client, "PUT", first, client.key(), bad).refused(400, "10440200");
                assertTrue(text.startsWith("newKey"), text);
            }
            change(client, "PUT", first, "x", NEW).refused(400, "10440200");
            client.send("PUT", "/password", "{\"oldKey\":\"" + WRONG + "\"}", "X-Auth-Token", first)
                    .refused(400, "10440101");
            change(client, "PUT", first, WRONG, NEW).refused(400, "10440202");

            assertEquals(
                    "", change(client, "PUT", first, client.key(), NEW).ok().body());
            for (String token : List.of(first, second)) {
                client.send("GET", "/vrgstatus", "", "X-Auth-Token", token).refused(400, "10440102");
            }
            appliance.kill();
            appliance.start();
            client.login("admin", client.key()).refused(400, "10440202");
            String third = token(client, NEW);
            change(client, "POST", third, NEW.toUpperCase(java.util.Locale.ROOT), client.key())
                    .ok();
            token(client, client.key());
        }
    }

    @Test
    void thirdWrongPasswordLocksTheAccountAcrossAKill() throws Exception {
        try (Pair pair = new Pair("lock")) {
            Appliance appliance = pair.production();
            appliance.start();
            Client client = new Client(appliance);
            String token = client.token();
            client.login("admin", WRONG).refused(400, "10440202");
            change(client, "PUT", token, WRONG, NEW).refused(400, "10440202");
            client.login("admin", WRONG).refused(400, "10440207");
            client.login("admin", client.key()).refused(400, "10440208");
            change(client, "PUT", token, client.key(), NEW).refused(400, "10440208");
            client.send("GET", "/vrgstatus", "", "X-Auth-Token", token).ok();
            appliance.kill();
            appliance.start();
            String chinese = client.send(
                            "POST",
                            "/session",
                            "",
                            "X-Auth-User",
                            "admin",
                            "X-Auth-Key",
                            client.key(),
                            "Accept-Language",
                            "zh_CN")
                    .refused(400, "10440208");
            assertTrue(chinese.contains("锁定"), chinese);
        }
    }

    @Test
    void logoutThatComesTooLateFails() throws Exception {
        try (Pair pair = new Pair("logout")) {
            pair.production().start();
            Client client = new Client(pair.production());
            ExecutorService pool = Executors.newFixedThreadPool(8);
            try {
                boolean seen = false;
                for (int race = 0; race < RACES && !seen; race++) {
                    String token = token(client, client.key());
                    Callable<Answer> logout = () -> client.send("DELETE", "/session", "", "X-Auth-Token", token);
                    List<Callable<Answer>> racers = new ArrayList<>();
                    for (int i = 0; i < 8; i++) {
                        racers.add(logout);
                    }
                    int won = 0;
                    for (Future<Answer> racer : pool.invokeAll(racers)) {
                        Answer answer = racer.get();
                        if (answer.status() == 200) {
                            won++;
                        } else if (!answer.code().equals("10440102")) {
                            answer.refused(400, "10440205");
                            seen = true;
                        }
                    }
                    assertEquals(1, won);
                }
                assertTrue(seen, "none of the logouts that came at the same time lost");
            } finally {
                pool.shutdownNow();
            }
        }
    }

    @Test
    void whatIsNotThereRightNowIs503AndADatabaseThatIsHeldIs10440000() throws Exception {
        try (Pair pair = new Pair("unavailable")) {
            Appliance appliance = pair.production();
            appliance.launch();
            Client client = new Client(appliance);
            // until the first 200, whatever comes back has the form of an error: send fails otherwise
            AtomicReference<Optional<AssertionError>> odd = new AtomicReference<>(Optional.empty());
            Await.until(Appliance.START, appliance::tail, () -> {
                try {
                    Answer answer = client.send("GET", "/versions", "");
                    assertTrue(List.of(200, 404, 503).contains(answer.status()), answer::toString);
                    return answer.status() == 200;
                } catch (AssertionError e) {
                    odd.set(Optional.of(e));
                    return true;
                }
            });
            odd.get().ifPresent(error -> {
                throw error;
            });
            Vms vms = new Vms(client);
            String vm = vms.next();
            vms.post(vms.production(vm)).ok();

            Path settings = appliance.home().resolve("etc/org.openvrg.replication.cfg");
            String right = Files.readString(settings);
            Files.writeString(settings, right + "\ningest.max-latency = 0\n");
            Await.until(
                    Duration.ofSeconds(60),
                    appliance::tail,
                    () -> client.get("/vmdrstatus/" + vm).status() == 503);
            client.get("/vmdrstatus/" + vm).refused(503, "10440000");
            client.get("/ext/vms").refused(503, "10440000");
            client.post("/vmstrategy/" + vm, "{}").refused(503, "10440000");
            assertEquals(
                    "{\"status\":2,\"availableCapacity\":-1,\"totalCapacity\":-1}",
                    client.get("/vrgstatus").ok().body());
            Files.writeString(settings, right);
            Await.until(
                    Duration.ofSeconds(60),
                    appliance::tail,
                    () -> client.get("/vmdrstatus/" + vm).status() == 200);

            String other = vms.next();
            Process holder = hold(appliance.home().resolve("data/control/vrg.db"));
            try {
                String text = vms.post(vms.production(other)).refused(400, "10440000");
                assertTrue(text.contains("database"), text);
                client.get("/vmdrstatus/" + other).refused(400, "10440400");
            } finally {
                holder.getOutputStream().close();
                holder.waitFor();
            }
            vms.post(vms.production(other)).ok();
        }
    }

    /** Holds the write lock of a database until the input of the process ends. */
    private static Process hold(Path database) throws IOException {
        String script =
                """
                import sqlite3, sys
                held = sqlite3.connect(sys.argv[1], isolation_level=None)
                held.execute('BEGIN IMMEDIATE')
                print('held', flush=True)
                sys.stdin.read()
                """;
        Process process = new ProcessBuilder("/usr/bin/python3", "-c", script, database.toString())
                .redirectErrorStream(true)
                .start();
        String said = new java.io.BufferedReader(new java.io.InputStreamReader(
                        process.getInputStream(), java.nio.charset.StandardCharsets.UTF_8))
                .readLine();
        assertEquals("held", said);
        return process;
    }

    private static String token(Client client, String key) throws Exception {
        return client.login("admin", key).ok().header("X-Auth-Token").orElseThrow();
    }

    private static Answer change(Client client, String method, String token, String oldKey, String newKey)
            throws Exception {
        String body = "{\"oldKey\":\"" + oldKey + "\",\"newKey\":\"" + newKey + "\"}";
        return client.send(method, "/password", body, "X-Auth-Token", token);
    }
}
