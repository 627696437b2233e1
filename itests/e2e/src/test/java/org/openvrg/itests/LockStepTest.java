package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;

/** Order across disks: the DR pair of two disks is a prefix of production's history, wherever the link breaks. */
class LockStepTest {
    private static final int ROUNDS = 15;
    private static final int KILL_ROUNDS = 3;
    private static final int AGENT_RESETS = 3;
    /** So often in a row the DR side has to tell the same figures to count as idle. */
    private static final int IDLE_LOOKS = 6;

    private final Chance chance = new Chance("LockStepTest");

    @Test
    void standbyPairIsAPrefixWhereverTheLinkBreaks() throws IOException, InterruptedException, StorageException {
        try (Pair pair = new Pair("lock-step").patient().start()) {
            String diskA = pair.newDisk(LockStep.DISK_BYTES);
            String diskB = pair.newDisk(LockStep.DISK_BYTES);
            String vm = pair.protect(true, true, diskA, diskB);
            pair.awaitInStep(vm);
            pair.awaitExport(diskA);
            pair.awaitExport(diskB);
            Path standbyA = pair.standbyDisk(diskA);
            Path standbyB = pair.standbyDisk(diskB);

            try (LockStep client = new LockStep(pair, diskA, diskB).start();
                    Watcher watcher = new Watcher(standbyA, standbyB)) {
                LockStep.Position before = new LockStep.Position(0, 4);
                for (int round = 1; round <= Chance.rounds(ROUNDS); round++) {
                    String context = chance + ", round " + round;
                    client.awaitMore(50);
                    Await.pass(chance.between(Duration.ZERO, Duration.ofMillis(900)));
                    pair.cutLink();
                    awaitIdle(pair, vm);
                    long limit = client.answered() + 1;
                    LockStep.Position now = LockStep.judge(standbyA, standbyB, context);
                    Chance.tell("%s: DR is at %s, the client at %d", context, now, limit - 1);
                    assertTrue(now.number() <= limit, context);
                    assertTrue(now.whole() >= before.whole(), context + ": back from " + before + " to " + now);
                    before = now;
                    pair.restoreLink();
                    awaitBeyond(pair, vm, standbyB, now.number(), context);
                }
                client.stop();
                pair.awaitDrained(vm);
                watcher.check();
                Chance.tell(
                        "%d looks at the pair while it was written to, %d numbers", watcher.looks, client.answered());
                assertEquals(
                        new LockStep.Position(client.answered(), 4),
                        LockStep.judge(standbyA, standbyB, chance.toString()));
            }
            pair.assertDisksEqual(diskA);
            pair.assertDisksEqual(diskB);
        }
    }

    @Test
    void standbyPairIsAPrefixWhereverTheDrSideBreaks() throws IOException, InterruptedException, StorageException {
        try (Pair pair = new Pair("lock-step-dr").patient().start()) {
            String diskA = pair.newDisk(LockStep.DISK_BYTES);
            String diskB = pair.newDisk(LockStep.DISK_BYTES);
            String vm = pair.protect(true, true, diskA, diskB);
            pair.awaitInStep(vm);
            pair.awaitExport(diskA);
            pair.awaitExport(diskB);
            Path standbyA = pair.standbyDisk(diskA);
            Path standbyB = pair.standbyDisk(diskB);

            try (LockStep client = new LockStep(pair, diskA, diskB).start();
                    Watcher watcher = new Watcher(standbyA, standbyB)) {
                for (int round = 1; round <= Chance.rounds(KILL_ROUNDS); round++) {
                    String context = chance + ", round " + round;
                    for (int reset = 0; reset < AGENT_RESETS; reset++) {
                        client.awaitMore(50);
                        Await.pass(chance.between(Duration.ZERO, Duration.ofMillis(300)));
                        pair.agent().reset();
                        awaitBeyond(pair, vm, standbyB, LockStep.counter(standbyB), context + ", agent");
                    }
                    Await.pass(chance.between(Duration.ZERO, Duration.ofMillis(900)));
                    pair.dr().kill();
                    LockStep.Position now = LockStep.judge(standbyA, standbyB, context);
                    Chance.tell("%s: the killed DR side is at %s, the client at %d", context, now, client.answered());
                    pair.dr().start();
                    awaitBeyond(pair, vm, standbyB, now.number(), context + ", kill");
                }
                client.stop();
                pair.awaitDrained(vm);
                watcher.check();
                assertEquals(
                        new LockStep.Position(client.answered(), 4),
                        LockStep.judge(standbyA, standbyB, chance.toString()));
            }
            pair.assertDisksEqual(diskA);
            pair.assertDisksEqual(diskB);
        }
    }

    private static void awaitBeyond(Pair pair, String vm, Path disk, long number, String context) {
        Await.until(
                Duration.ofSeconds(60),
                () -> context + ": goes on beyond " + number + "\n" + pair.describe(vm),
                () -> LockStep.counter(disk) > number);
    }

    /** Waits until the DR side has neither received nor applied anything for a while. */
    private static void awaitIdle(Pair pair, String vm) {
        int[] looks = new int[1];
        long[] last = {-1, -1};
        Await.until(Duration.ofSeconds(60), () -> "DR idle: " + pair.describe(vm), () -> {
            JsonNode progress = Pair.report(pair.dr(), vm).path("progress");
            long received = progress.path("lastSequence").asLong();
            long applied = progress.path("appliedSequence").asLong();
            looks[0] = received == last[0] && applied == last[1] ? looks[0] + 1 : 0;
            last[0] = received;
            last[1] = applied;
            return looks[0] >= IDLE_LOOKS;
        });
    }

    /**
     * Looks at the counters of both disks all the time while they are written to. What A holds before B is read, and
     * what it holds afterwards, are the bounds of what B may hold.
     */
    private static final class Watcher implements AutoCloseable {
        private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

        private final CompletableFuture<Optional<String>> result;
        private volatile boolean stopping;
        private volatile long looks;

        Watcher(Path diskA, Path diskB) {
            result = CompletableFuture.supplyAsync(() -> watch(diskA, diskB));
        }

        @SuppressWarnings("NonAtomicVolatileUpdate") // one thread counts
        private Optional<String> watch(Path diskA, Path diskB) {
            while (!stopping) {
                try {
                    long first = LockStep.counter(diskA);
                    long other = LockStep.counter(diskB);
                    long second = LockStep.counter(diskA);
                    if (other > second || other < first - 1) {
                        return Optional.of("A was at " + first + ", B at " + other + ", A at " + second);
                    }
                } catch (IOException e) {
                    return Optional.of(e.toString());
                }
                looks++;
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            return Optional.empty();
        }

        void check() {
            stopping = true;
            assertEquals(Optional.empty(), result.join());
        }

        @Override
        public void close() {
            stopping = true;
        }
    }
}
