package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.openvrg.itests.Pair;

/**
 * Requests made from the description at random: none may bring the appliance to a 500, show its inside or change what
 * it had no right to. {@code -Dvrg.fuzz.seed} repeats a run.
 */
@ExtendWith(SharedPair.class)
class FuzzTest {
    static final String KEPT_PRODUCTION = "f0330000-0000-4000-8000-000000000001";

    private static final String KEPT_STANDBY = "f0330000-0000-4000-8000-000000000002";
    private static final int REQUESTS = 20_000;
    private static final int CLIENTS = 4;

    private final Pair pair;
    private final Client client;
    private final AtomicIntegerArray statuses = new AtomicIntegerArray(600);

    FuzzTest(SharedPair.Contract contract) {
        this.pair = contract.pair();
        this.client = contract.production();
    }

    @Test
    void survivesRandomRequests() throws Exception {
        long seed = Long.getLong("vrg.fuzz.seed", System.nanoTime() & 0x7fff_ffff);
        Vms vms = new Vms(client);
        vms.post(vms.production(KEPT_PRODUCTION, "kept-1", "kept-2")).ok();
        vms.post(vms.standby(KEPT_STANDBY, "kept-3")).ok();
        Map<String, JsonNode> before = state();
        String session =
                client.login("admin", client.key()).ok().header("X-Auth-Token").orElseThrow();
        long began = System.nanoTime();
        run(seed, session);
        double seconds = (System.nanoTime() - began) / 1e9;
        try {
            removePool();
            assertEquals(before, state(), "seed " + seed);
            client.send("GET", "/vrgstatus", "", "X-Auth-Token", session).ok();
            client.login("admin", client.key()).ok();
            assertTrue(pair.production().running(), pair.production()::tail);
            assertTrue(!pair.production().log().contains("a request failed"), pair.production()::tail);
        } finally {
            client.post("/vmstrategy/" + KEPT_PRODUCTION, "{\"delFlag\":2}").ok();
            client.post("/vmstrategy/" + KEPT_STANDBY, "{\"delFlag\":2}").ok();
        }
        System.out.printf(
                "[figure] fuzz: seed %d, %d requests in %.1f s, by status %s%n", seed, REQUESTS, seconds, byStatus());
        assertTrue(statuses.get(200) > REQUESTS / 20 && statuses.get(400) > REQUESTS / 20, this::byStatus);
    }

    private void run(long seed, String session) throws Exception {
        Description description = client.description();
        ExecutorService pool = Executors.newFixedThreadPool(CLIENTS);
        try {
            List<Callable<Void>> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                int first = i;
                clients.add(() -> {
                    RandomRequests requests = new RandomRequests(description, session, seed);
                    for (int number = first; number < REQUESTS; number += CLIENTS) {
                        one(requests.next(number), "seed " + seed + ", request " + number);
                    }
                    return null;
                });
            }
            for (Future<Void> done : pool.invokeAll(clients)) {
                done.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    private void one(RandomRequests.Request request, String where) {
        String[] headers = request.headers().toArray(new String[0]);
        try {
            Answer answer = client.send(request.method(), request.path(), request.body(), headers);
            statuses.incrementAndGet(answer.status());
            assertTrue(answer.status() < 500 || answer.status() == 501, answer::toString);
            assertTrue(!request.mustFail() || answer.status() != 200, () -> "taken, with a flaw: " + answer);
            client.description().check(request.method(), request.path(), answer);
        } catch (Exception | AssertionError e) {
            throw new AssertionError(where + ": " + request, e);
        }
    }

    private void removePool() throws Exception {
        for (int i = 0; i < RandomRequests.POOL_SIZE; i++) {
            Answer answer = client.post("/vmstrategy/" + RandomRequests.poolVm(i), "{\"delFlag\":2}");
            if (answer.status() != 200) {
                answer.refused(400, "10440400");
            }
        }
    }

    /** All that the appliance tells of its configuration. */
    private Map<String, JsonNode> state() throws Exception {
        Map<String, JsonNode> state = new TreeMap<>();
        for (String path : List.of("/vmstrategy?limit=100&offset=0", "/vrgmap", "/ext/identity", "/versions")) {
            state.put(path, client.get(path).ok().json());
        }
        for (String path : List.of("/trapinfo", "/netinfos")) {
            if (client.description().find("GET", path).isPresent()) {
                state.put(path, client.get(path).json());
            }
        }
        return state;
    }

    private String byStatus() {
        Map<Integer, Integer> seen = new TreeMap<>();
        for (int status = 0; status < statuses.length(); status++) {
            if (statuses.get(status) > 0) {
                seen.put(status, statuses.get(status));
            }
        }
        return seen.toString();
    }
}
