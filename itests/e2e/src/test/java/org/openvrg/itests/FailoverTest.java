package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;

/** Production is lost under load; the DR side alone brings its copy up to what it has ever acknowledged. */
class FailoverTest {
    private static final int ROUNDS = 2;
    private static final int SAMPLES = 10_000;

    private final Chance chance = new Chance("FailoverTest");

    /**
     * A look at production.
     *
     * @param answered number that was answered before the look
     * @param lastSequence newest record, so that all of {@code answered} is covered by it
     */
    private record Sample(long answered, long lastSequence) {}

    @Test
    void standbyHoldsAllThatWasDurable() throws IOException, InterruptedException, StorageException {
        try (Pair pair = new Pair("failover").patient().start()) {
            int rounds = Chance.rounds(ROUNDS);
            for (int round = 1; round <= rounds; round++) {
                String context = chance + ", round " + round;
                String diskA = pair.newDisk(LockStep.DISK_BYTES);
                String diskB = pair.newDisk(LockStep.DISK_BYTES);
                String vm = pair.protect(true, true, diskA, diskB);
                pair.awaitInStep(vm);
                pair.awaitExport(diskA);
                pair.awaitExport(diskB);
                try (LockStep client = new LockStep(pair, diskA, diskB).start()) {
                    client.awaitMore(200);
                    long covered = killUnderLoad(pair, vm, client);
                    client.awaitBroken();

                    assertEquals(
                            1,
                            Pair.remove(pair.dr(), vm, false),
                            () -> context + "\n" + pair.dr().tail());
                    LockStep.Position there = LockStep.judge(pair.standbyDisk(diskA), pair.standbyDisk(diskB), context);
                    Chance.tell(
                            "%s: DR has %s, durable covered %d, answered %d",
                            context, there, covered, client.answered());
                    assertTrue(covered > 0, context + ": nothing was durable");
                    assertTrue(
                            there.whole() >= covered, context + ": " + there + " lacks what was durable: " + covered);
                    assertTrue(there.number() <= client.answered() + 1, context + ": " + there);
                }
                if (round < rounds) {
                    pair.production().start();
                    pair.awaitPaired();
                    Pair.remove(pair.production(), vm, true);
                }
            }
        }
    }

    /** Returns the newest number that production knew as durable at the DR side when it was last asked. */
    private long killUnderLoad(Pair pair, String vm, LockStep client) throws IOException, InterruptedException {
        Deque<Sample> samples = new ArrayDeque<>();
        long end = System.nanoTime()
                + chance.between(Duration.ofMillis(300), Duration.ofSeconds(3)).toNanos();
        long durable = 0;
        while (System.nanoTime() - end < 0) {
            long answered = client.answered();
            JsonNode progress = Pair.report(pair.production(), vm).path("progress");
            durable = progress.path("durableSequence").asLong();
            samples.addFirst(new Sample(answered, progress.path("lastSequence").asLong()));
            assertTrue(samples.size() < SAMPLES, "too many looks");
        }
        pair.production().kill();
        long known = durable;
        return samples.stream()
                .filter(sample -> sample.lastSequence() <= known)
                .mapToLong(Sample::answered)
                .max()
                .orElse(0);
    }
}
