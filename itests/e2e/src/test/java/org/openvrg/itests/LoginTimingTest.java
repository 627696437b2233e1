package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * How long a refused login takes tells nothing about whether the user exists.
 *
 * <p>Tries with a known and an unknown user take turns in random order, so that the load of the machine falls on both.
 * What is judged is the chance that a try with the known user takes longer than one with the unknown user, the statistic
 * of the rank-sum test by Mann and Whitney: 0.5 when the two can't be told apart, 0 or 1 when a single try tells. Its
 * standard error with 200 tries each is 0.029; the verdict allows five of them.
 */
class LoginTimingTest {
    private static final System.Logger LOG = System.getLogger(LoginTimingTest.class.getName());
    private static final int TRIES = 200;
    private static final int WARM_UP = 10;
    private static final double ALLOWED = 5 * 0.029;
    private static final String WRONG_KEY = "f".repeat(64);

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @Test
    void aKnownUserCanNotBeToldByTime() throws Exception {
        Appliance appliance = Gateway.shared();
        String rightKey = HexFormat.of()
                .formatHex(
                        MessageDigest.getInstance("SHA-256").digest(Gateway.PASSWORD.getBytes(StandardCharsets.UTF_8)));
        Random random = new Random(1);
        List<Long> known = new ArrayList<>();
        List<Long> unknown = new ArrayList<>();
        for (int i = 0; i < TRIES + WARM_UP; i++) {
            List<Boolean> order = new ArrayList<>(List.of(true, false));
            Collections.shuffle(order, random);
            for (boolean admin : order) {
                long nanos = admin
                        ? login(appliance, "admin", WRONG_KEY, "10440202")
                        : login(appliance, "nadmi", WRONG_KEY, "10440201");
                if (i >= WARM_UP) {
                    (admin ? known : unknown).add(nanos);
                }
            }
            if (i % 2 == 1) {
                login(appliance, "admin", rightKey, ""); // a third wrong one in a row would lock the account
            }
        }
        double chance = chanceOfLonger(known, unknown);
        LOG.log(
                System.Logger.Level.INFO,
                String.format(
                        "%d logins each: known user median %.2f ms, unknown user %.2f ms; a known one takes longer"
                                + " with a chance of %.3f",
                        TRIES, medianMillis(known), medianMillis(unknown), chance));
        assertTrue(Math.abs(chance - 0.5) < ALLOWED, "chance that a known user takes longer: " + chance);
    }

    private long login(Appliance appliance, String user, String key, String code)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + appliance.httpPort() + "/vrgservice/session"))
                .header("X-Auth-User", user)
                .header("X-Auth-Key", key)
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        long start = System.nanoTime();
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        long nanos = System.nanoTime() - start;
        assertEquals(
                code,
                new ObjectMapper().readTree(answer.body()).path("errorCode").asText(),
                answer.body());
        return nanos;
    }

    private static double chanceOfLonger(List<Long> first, List<Long> second) {
        double wins = 0;
        for (long one : first) {
            for (long other : second) {
                wins += one > other ? 1 : one == other ? 0.5 : 0;
            }
        }
        return wins / ((double) first.size() * second.size());
    }

    private static double medianMillis(List<Long> nanos) {
        long[] sorted = nanos.stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2] / 1e6;
    }
}
