package org.openvrg.itests.faults;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Appliance;
import org.openvrg.itests.Await;
import org.openvrg.itests.Chance;
import org.openvrg.itests.Pair;

/**
 * Random load with a random fault every few seconds. The client sees no error but where production itself is killed,
 * both sides are equal in the end, and neither appliance grows.
 */
class SoakTest {
    private static final Duration SHORT_RUN = Duration.ofSeconds(60);
    private static final Duration LONG_RUN = Duration.ofMinutes(Long.getLong("vrg.soak.minutes", 30));
    private static final Duration SAMPLING = Duration.ofSeconds(30);
    private static final long MIB = 1 << 20;

    /** What may come on top of the first half's most: garbage collectors, pools and logs are no clockwork. */
    private static final long HEAP_SLACK_BYTES = 48 * MIB;

    private static final long OUTSIDE_SLACK_BYTES = 128 * MIB;
    private static final long HANDLE_SLACK = 40;
    private static final long THREAD_SLACK = 40;
    private static final long DISK_SLACK_BYTES = 64 * MIB;

    private final Chance chance = new Chance("SoakTest");
    private final Map<String, Integer> faults = new TreeMap<>();

    /** A fault, and how it ends. */
    private record Fault(String name, Protected.Step breaks, Protected.Step heals) {}

    @Test
    void oneMinute() throws IOException, InterruptedException, StorageException {
        soak("soak-short", SHORT_RUN);
    }

    @Test
    @Tag("long")
    void halfAnHour() throws IOException, InterruptedException, StorageException {
        soak("soak-long", LONG_RUN);
    }

    private void soak(String name, Duration run) throws IOException, InterruptedException, StorageException {
        try (Pair pair = new Pair(name)) {
            Pair.replication(pair.production(), "journal.limit-bytes", 64 * MIB);
            Pair.replication(pair.dr(), "journal.limit-bytes", 128 * MIB);
            pair.start();
            try (Protected vm = new Protected(pair, chance.number());
                    Samples samples = new Samples(pair)) {
                long begin = System.nanoTime();
                long nextSample = begin;
                while (System.nanoTime() - begin < run.toNanos()) {
                    Await.pass(chance.between(Duration.ofSeconds(1), Duration.ofSeconds(3)));
                    one(pair, vm);
                    if (System.nanoTime() - nextSample > 0) {
                        samples.take();
                        nextSample = System.nanoTime() + SAMPLING.toNanos();
                    }
                }
                vm.equal(chance + ", at the end");
                vm.load().assertAnsweredIsThere(chance + ", at the end");
                samples.take();
                Chance.tell(
                        "%s: %d writes, slowest %d ms, faults %s",
                        chance, vm.load().writes(), vm.load().slowestMillis(), faults);
                samples.check();
            }
        }
    }

    /** One fault for some seconds. */
    private void one(Pair pair, Protected vm) throws IOException, InterruptedException, StorageException {
        List<Fault> all = faults(pair, vm);
        Fault fault = all.get(Math.floorMod(chance.number(), all.size()));
        faults.merge(fault.name(), 1, Integer::sum);
        Duration time = chance.between(Duration.ofMillis(200), Duration.ofSeconds(7));
        fault.breaks().run();
        try {
            Await.pass(time);
        } finally {
            fault.heals().run();
        }
        vm.load().awaitMore(20);
        assertNotEquals(3, vm.state(), () -> chance + ": " + fault.name() + "\n" + pair.describe(vm.vm()));
    }

    private List<Fault> faults(Pair pair, Protected vm) {
        List<Fault> all = new ArrayList<>();
        all.add(new Fault("link cut", pair::cutLink, pair::restoreLink));
        all.add(new Fault("link reset", () -> pair.linkToDr().reset(), () -> {}));
        all.add(new Fault("link stalled", () -> pair.linkToDr().stall(), pair::restoreLink));
        all.add(new Fault("half-open", () -> pair.linkToDr().abandon(), () -> {}));
        all.add(new Fault(
                "bytes lost", () -> pair.linkToDr().lose(1 + Math.floorMod(chance.number(), 5000)), () -> {}));
        all.add(new Fault(
                "slow link",
                () -> {
                    pair.linkToDr().delay(chance.between(Duration.ZERO, Duration.ofMillis(300)));
                    pair.linkToDr().limit(MIB);
                },
                pair::restoreLink));
        all.add(new Fault("agent cut", pair.agent()::cut, pair.agent()::restore));
        all.add(new Fault("agent stalled", pair.agent()::stall, pair.agent()::restore));
        all.add(new Fault("agent reset", pair.agent()::reset, () -> {}));
        all.add(new Fault("DR stopped", pair.dr()::pause, pair.dr()::resume));
        all.add(new Fault("DR killed", pair.dr()::kill, pair.dr()::start));
        all.add(new Fault("production stopped", pair.production()::pause, pair.production()::resume));
        all.add(new Fault(
                "production killed",
                () -> {
                    pair.production().kill();
                    vm.load().awaitBroken();
                },
                () -> {
                    pair.production().start();
                    vm.awaitExports();
                    vm.load().assertAnsweredIsThere(chance + ", production killed");
                    vm.load().start();
                }));
        return all;
    }

    /** Samples of both appliances. */
    private static final class Samples implements AutoCloseable {
        private final Map<Appliance, List<Resources>> taken = new LinkedHashMap<>();

        Samples(Pair pair) {
            taken.put(pair.production(), new ArrayList<>());
            taken.put(pair.dr(), new ArrayList<>());
        }

        void take() throws IOException, InterruptedException {
            for (Map.Entry<Appliance, List<Resources>> entry : taken.entrySet()) {
                Resources now = Resources.of(entry.getKey());
                entry.getValue().add(now);
                Chance.tell("%s: %s", entry.getKey(), now);
            }
        }

        /** The second half needs no more than the first, but for what a process needs anyway. */
        void check() {
            taken.forEach((appliance, samples) -> {
                int half = (samples.size() + 1) / 2;
                Resources before = most(samples.subList(0, half));
                Resources after = most(samples.subList(half, samples.size()));
                String both = appliance + ": first half at most " + before + "; second half at most " + after;
                Chance.tell("%s", both);
                assertTrue(after.heapBytes() < before.heapBytes() + HEAP_SLACK_BYTES, both);
                assertTrue(after.outsideHeapBytes() < before.outsideHeapBytes() + OUTSIDE_SLACK_BYTES, both);
                assertTrue(after.files() < before.files() + HANDLE_SLACK, both);
                assertTrue(after.threads() < before.threads() + THREAD_SLACK, both);
                assertTrue(after.diskBytes() < before.diskBytes() + DISK_SLACK_BYTES, both);
            });
        }

        private static Resources most(List<Resources> samples) {
            return samples.stream()
                    .reduce(
                            new Resources(0, 0, 0, 0, 0),
                            (a, b) -> new Resources(
                                    Math.max(a.heapBytes(), b.heapBytes()),
                                    Math.max(a.outsideHeapBytes(), b.outsideHeapBytes()),
                                    Math.max(a.files(), b.files()),
                                    Math.max(a.threads(), b.threads()),
                                    Math.max(a.diskBytes(), b.diskBytes())));
        }

        @Override
        public void close() {
            taken.clear();
        }
    }
}
