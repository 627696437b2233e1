package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;

/** kill -9 of either appliance and a broken way to the agent, under load. */
class KillTest {
    private static final long MIB = 1 << 20;
    private static final long DISK_BYTES = 64 * MIB;
    private static final long REGION_BYTES = 32 * MIB;
    private static final long BYTES_PER_SECOND = 6 * MIB;
    private static final int ROUNDS = 3;
    /** Far less than a disk: what a resync may send at most where the journal holds everything. */
    private static final long LITTLE_BYTES = 4 * MIB;

    private static Pair pair;

    private final Chance chance = new Chance("KillTest");
    private String diskA;
    private String diskB;
    private String vm;
    private Load load;

    @BeforeAll
    static void startBoth() throws IOException, InterruptedException {
        pair = new Pair("kill").patient().start();
    }

    @AfterAll
    static void stopBoth() throws IOException {
        pair.close();
    }

    @BeforeEach
    void protectTwoDisks() throws IOException, InterruptedException, StorageException {
        diskA = pair.newDisk(DISK_BYTES);
        diskB = pair.newDisk(DISK_BYTES);
        vm = pair.protect(true, true, diskA, diskB);
        pair.awaitInStep(vm);
        awaitExports();
        load = new Load(pair, chance.number(), REGION_BYTES, BYTES_PER_SECOND, diskA, diskB).start();
    }

    @Test
    void drAppliance() throws IOException, InterruptedException {
        for (int round = 1; round <= Chance.rounds(ROUNDS); round++) {
            load.awaitMore(50);
            Await.pass(chance.between(Duration.ZERO, Duration.ofSeconds(2)));
            pair.dr().kill();
            load.awaitMore(50);
            Await.pass(chance.between(Duration.ZERO, Duration.ofSeconds(2)));
            pair.dr().start();
            load.assertUnbroken();
            assertQueues();
            if (chance.number() % 2 == 0) {
                awaitAttached();
            }
        }
        load.stop();
        assertConverged();
        assertLittleResync();
    }

    @Test
    void productionAppliance() throws IOException, InterruptedException, StorageException {
        for (int round = 1; round <= Chance.rounds(ROUNDS); round++) {
            load.awaitMore(50);
            Await.pass(chance.between(Duration.ZERO, Duration.ofSeconds(2)));
            pair.production().kill();
            load.awaitBroken();
            pair.production().start();
            assertNoFullCheck();
            awaitExports();
            load.assertAnsweredIsThere(chance + ", round " + round);
            load.start();
            assertNoFullCheck();
            if (chance.number() % 2 == 0) {
                awaitAttached();
            }
        }
        awaitAttached();
        assertNoFullCheck();
        load.stop();
        assertConverged();
        assertLittleResync();
        load.assertAnsweredIsThere(chance + ", at the end");
    }

    @Test
    void connectionToTheAgent() throws IOException, InterruptedException {
        for (int round = 1; round <= Chance.rounds(ROUNDS); round++) {
            load.awaitMore(50);
            Await.pass(chance.between(Duration.ZERO, Duration.ofSeconds(1)));
            pair.agent().cut();
            Await.until(Duration.ofSeconds(20), () -> "a faulty VM: " + pair.describe(vm), this::isFaulty);
            load.awaitMore(50);
            assertQueues();
            Await.pass(chance.between(Duration.ZERO, Duration.ofSeconds(1)));
            pair.agent().restore();
            Await.until(Duration.ofSeconds(60), () -> "no faulty VM: " + pair.describe(vm), () -> !isFaulty());
            load.assertUnbroken();
        }
        for (int round = 1; round <= Chance.rounds(ROUNDS); round++) {
            load.awaitMore(20);
            Await.pass(chance.between(Duration.ZERO, Duration.ofMillis(500)));
            pair.agent().reset();
        }
        assertQueues();
        load.stop();
        assertConverged();
        assertLittleResync();
    }

    private boolean isFaulty() throws IOException, InterruptedException {
        JsonNode answer = pair.dr().rest().get("/vmstrategy?faultVms=1");
        return answer.toString().contains(vm);
    }

    private void awaitExports() {
        pair.awaitExport(diskA);
        pair.awaitExport(diskB);
    }

    private void awaitAttached() {
        Await.until(Duration.ofSeconds(60), () -> "attached: " + pair.describe(vm), () -> {
            assertNoFullCheck();
            return Pair.report(pair.production(), vm).path("connected").asBoolean();
        });
    }

    /** Whatever happens behind production's journal, production goes on queueing. */
    private void assertQueues() throws IOException, InterruptedException {
        int state = Pair.report(pair.production(), vm).path("state").asInt();
        assertEquals(1, state, () -> chance + "\n" + pair.describe(vm));
    }

    /** State 3 would mean that a whole disk is compared where the journal holds all that is missing. */
    private void assertNoFullCheck() throws IOException, InterruptedException {
        assertNotEquals(
                3, Pair.report(pair.production(), vm).path("state").asInt(), () -> chance + "\n" + pair.describe(vm));
    }

    private void assertLittleResync() throws IOException, InterruptedException {
        JsonNode progress = Pair.report(pair.production(), vm).path("progress");
        long sent = progress.path("resyncSentBytes").asLong();
        assertTrue(sent < LITTLE_BYTES, () -> chance + ": resync sent " + sent + "\n" + pair.describe(vm));
    }

    private void assertConverged() throws IOException, InterruptedException {
        pair.awaitDrained(vm);
        pair.assertDisksEqual(diskA);
        pair.assertDisksEqual(diskB);
        Chance.tell(
                "%s: %d writes, slowest %d ms, %s",
                chance, load.writes(), load.slowestMillis(), Pair.report(pair.production(), vm));
    }
}
