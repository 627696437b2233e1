package org.openvrg.itests.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Appliance;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Tools;

/**
 * Many VMs configured over REST at an appliance of its own, their disks absent; all are there after a kill -9. The
 * figures are printed and no gate, but that threads do not grow with the VMs.
 */
class ScaleTest {
    private static final int VOLUMES = 10;
    private static final int PAGE = 100;
    private static final int MORE_THREADS = 150;
    private static final Pattern HEAP = Pattern.compile("used (\\d+)K");

    @Test
    void hundredVms() throws Exception {
        configured(100);
    }

    @Test
    @Tag("long")
    void thousandVms() throws Exception {
        configured(1_000);
    }

    private static void configured(int count) throws Exception {
        try (Pair pair = new Pair("scale")) {
            Appliance appliance = pair.production();
            appliance.start();
            Client client = new Client(appliance);
            Vms vms = new Vms(client);
            client.description();
            int threadsBefore = threads(appliance);
            long heapBefore = heapKib(appliance);
            Map<String, JsonNode> sent = new TreeMap<>();
            long[] posts = new long[count];
            long began = System.nanoTime();
            for (int i = 0; i < count; i++) {
                String vm = UUID.randomUUID().toString();
                String[] volumes = new String[VOLUMES];
                Arrays.setAll(volumes, unused -> UUID.randomUUID().toString());
                var body = vms.production(vm, volumes);
                sent.put(vm, body.path("volList"));
                long start = System.nanoTime();
                client.post("/vmstrategy", body.put("vmName", "vm " + i).toString())
                        .ok();
                posts[i] = System.nanoTime() - start;
            }
            double postSeconds = (System.nanoTime() - began) / 1e9;
            assertAllThere(client, sent);
            long[] pages = timedPages(client, count);
            int threadsAfter = threads(appliance);
            long heapAfter = heapKib(appliance);

            appliance.kill();
            began = System.nanoTime();
            appliance.start();
            client.forgetToken();
            Await.until(
                    Duration.ofMinutes(2),
                    appliance::tail,
                    () -> client.get("/ext/vms").ok().json().path("vms").size() == count);
            double startSeconds = (System.nanoTime() - began) / 1e9;
            assertAllThere(client, sent);
            System.out.printf(
                    "[figure] scale: %d VMs with %d volumes; POST %.0f/s, p50 %.1f ms, p99 %.1f ms; page of %d"
                            + " p50 %.1f ms, p99 %.1f ms; heap in use after collection %d MiB (%d without VMs), after restart %d MiB;"
                            + " threads %d (%d); database %d KiB; from kill -9 to all VMs reported %.1f s%n",
                    count,
                    VOLUMES,
                    count / postSeconds,
                    millis(posts, 50),
                    millis(posts, 99),
                    PAGE,
                    millis(pages, 50),
                    millis(pages, 99),
                    heapAfter / 1024,
                    heapBefore / 1024,
                    heapKib(appliance) / 1024,
                    threadsAfter,
                    threadsBefore,
                    Files.size(appliance.home().resolve("data/control/vrg.db")) / 1024,
                    startSeconds);
            assertTrue(
                    threadsAfter - threadsBefore < MORE_THREADS,
                    "threads grow with the VMs: " + threadsBefore + " to " + threadsAfter);
        }
    }

    private static void assertAllThere(Client client, Map<String, JsonNode> sent) throws Exception {
        Map<String, JsonNode> found = new TreeMap<>();
        for (int offset = 0; offset < sent.size(); offset += PAGE) {
            Answer page = client.get("/vmstrategy?limit=" + PAGE + "&offset=" + offset)
                    .ok();
            assertEquals(
                    Integer.toString(sent.size()), page.header("X-Total-Count").orElseThrow());
            page.json().path("vmList").forEach(vm -> found.put(vm.path("vmUuid").asText(), vm.path("volList")));
        }
        assertEquals(sent, found);
    }

    private static long[] timedPages(Client client, int count) throws Exception {
        long[] nanos = new long[200];
        for (int i = 0; i < nanos.length; i++) {
            int offset = i * PAGE % count;
            long start = System.nanoTime();
            client.send("GET", "/vmstrategy?limit=" + PAGE + "&offset=" + offset, "", "X-Auth-Token", client.token())
                    .ok();
            nanos[i] = System.nanoTime() - start;
        }
        return nanos;
    }

    private static double millis(long[] nanos, int percentile) {
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        return sorted[Math.min(sorted.length - 1, sorted.length * percentile / 100)] / 1e6;
    }

    private static int threads(Appliance appliance) throws Exception {
        try (var tasks = Files.list(Path.of("/proc/" + appliance.pid() + "/task"))) {
            return (int) tasks.count();
        }
    }

    /** Heap in use right after a full collection, as the JDK's own tool tells. */
    private static long heapKib(Appliance appliance) throws Exception {
        String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
        String pid = Long.toString(appliance.pid());
        Duration limit = Duration.ofMinutes(1);
        Tools.succeed(limit, List.of(jcmd, pid, "GC.run"));
        String told = Tools.succeed(limit, List.of(jcmd, pid, "GC.heap_info"));
        List<Long> used = new ArrayList<>();
        Matcher matcher = HEAP.matcher(told);
        while (matcher.find()) {
            used.add(Long.parseLong(matcher.group(1)));
        }
        return Optional.of(used).filter(list -> !list.isEmpty()).orElseThrow().get(0);
    }
}
