package org.openvrg.itests.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Appliance;
import org.openvrg.itests.Await;
import org.openvrg.itests.Chance;
import org.openvrg.itests.LockStep;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Rest;
import org.openvrg.itests.Tools;

/**
 * Removal and failover at both sides, normal and forced, with the other site alive and dead; and that nobody who was
 * fenced off writes one byte more. In this order, because the last ones leave production dead.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RemovalTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    /** Long enough for an old owner to connect anew and to try. */
    private static final Duration TRYING = Duration.ofSeconds(6);

    private static final Chance CHANCE = new Chance("RemovalTest");

    private static Pair pair;

    @BeforeAll
    static void startBoth() throws IOException, InterruptedException {
        pair = new Pair("removal").patient().start();
    }

    @AfterAll
    static void stopBoth() throws IOException {
        pair.close();
    }

    /** A VM of two disks that are written in lock-step. */
    private static final class Vm {
        final String diskA;
        final String diskB;
        final String uuid;
        final LockStep client;

        Vm() throws IOException, InterruptedException, StorageException {
            diskA = pair.newDisk(LockStep.DISK_BYTES);
            diskB = pair.newDisk(LockStep.DISK_BYTES);
            uuid = pair.protect(true, true, diskA, diskB);
            pair.awaitInStep(uuid);
            pair.awaitExport(diskA);
            pair.awaitExport(diskB);
            client = new LockStep(pair, diskA, diskB).start();
            client.awaitMore(100);
        }

        LockStep.Position there(String context) throws IOException {
            return LockStep.judge(pair.standbyDisk(diskA), pair.standbyDisk(diskB), CHANCE + ", " + context);
        }
    }

    @Test
    @Order(1)
    void normalAtProductionMakesAllDurableFirst() throws IOException, InterruptedException, StorageException {
        Vm vm = new Vm();
        pair.linkToDr().delay(Duration.ofMillis(200));
        vm.client.awaitMore(100);
        vm.client.stop();
        assertEquals(1, Pair.remove(pair.production(), vm.uuid, false));
        pair.linkToDr().restore();
        assertGone(pair.production(), vm.uuid);

        assertEquals(1, Pair.remove(pair.dr(), vm.uuid, false));
        assertEquals(new LockStep.Position(vm.client.answered(), 4), vm.there("removed at production, then at DR"));
        assertGone(pair.dr(), vm.uuid);
        assertFree(vm.diskA);
    }

    @Test
    @Order(2)
    void normalAtProductionIsRefusedWhileTheLinkIsDownAndForcedIsNot()
            throws IOException, InterruptedException, StorageException {
        Vm vm = new Vm();
        pair.cutLink();
        vm.client.awaitMore(50);
        Rest.Answer refused = pair.production().rest().call("POST", "/vmstrategy/" + vm.uuid, "{\"delFlag\":1}");
        assertEquals(409, refused.status(), refused::toString);
        assertTrue(
                refused.body().path("errorDes").asText().matches("[1-9][0-9]* records .*"), refused.body()::toString);
        assertEquals(1, Pair.report(pair.production(), vm.uuid).path("state").asInt());
        vm.client.awaitMore(50); // nothing was changed

        assertEquals(1, Pair.remove(pair.production(), vm.uuid, true));
        assertGone(pair.production(), vm.uuid);
        vm.client.awaitMore(50); // its disks go on as they are
        vm.client.stop();
        pair.restoreLink();
        pair.awaitPaired();
        assertEquals(1, Pair.remove(pair.dr(), vm.uuid, false));
        LockStep.Position there = vm.there("forced at production");
        assertTrue(there.number() > 0 && there.number() < vm.client.answered(), there::toString);
        assertFree(vm.diskA);
    }

    @Test
    @Order(3)
    void aLateConnectionOfAFormerOwnerWritesNothing() throws IOException, InterruptedException, StorageException {
        Vm vm = new Vm();
        pair.agent().hold(); // entries are under way to the agent, and stay there
        vm.client.awaitMore(100);
        long answered = vm.client.answered();
        Await.until(
                SOON,
                () -> "the DR side goes on over a new connection: " + pair.describe(vm.uuid),
                () -> LockStep.counter(pair.standbyDisk(vm.diskB)) > answered);
        assertEquals(1, Pair.remove(pair.dr(), vm.uuid, false));
        vm.client.stop();
        Path copyA = copy(vm.diskA);
        Path copyB = copy(vm.diskB);
        vm.there("before the late bytes");
        pair.agent().deliver();
        Await.pass(TRYING);
        assertEquals(-1, Files.mismatch(copyA, pair.standbyDisk(vm.diskA)));
        assertEquals(-1, Files.mismatch(copyB, pair.standbyDisk(vm.diskB)));
        assertFree(vm.diskA);
        removeAtProduction(vm.uuid);
    }

    @Test
    @Order(4)
    void anotherGatewayGetsNothingWhileTheOwnerIsStopped() throws IOException, InterruptedException, StorageException {
        Vm vm = new Vm();
        try (Appliance other = pair.another("other")) {
            other.start();
            String thief = UUID.randomUUID().toString();
            pair.claim(other, vm.uuid, vm.diskA, vm.diskA + ".raw");
            pair.claim(other, thief, vm.diskB, vm.diskB + ".raw");
            for (String uuid : List.of(vm.uuid, thief)) {
                Await.until(
                        SOON,
                        () -> "volStatus 4: " + other.tail(),
                        () -> other.rest()
                                        .get("/vmstrategy?vmUuid=" + uuid)
                                        .at("/vmList/0/volList/0/volStatus")
                                        .asInt()
                                == 4);
            }
            vm.client.awaitMore(50);
            Pair.remove(other, thief, true);
            Pair.remove(other, vm.uuid, true);
        }
        vm.client.stop();
        pair.awaitDrained(vm.uuid);
        assertEquals(new LockStep.Position(vm.client.answered(), 4), vm.there("with a thief"));
        assertEquals(1, Pair.remove(pair.production(), vm.uuid, false));
        assertEquals(1, Pair.remove(pair.dr(), vm.uuid, false));
        assertFree(vm.diskA);
    }

    @Test
    @Order(5)
    void productionThatComesBackAfterAFailoverWritesNothing()
            throws IOException, InterruptedException, StorageException {
        Vm vm = new Vm();
        pair.production().pause();
        assertEquals(1, Pair.remove(pair.dr(), vm.uuid, false));
        assertGone(pair.dr(), vm.uuid);
        LockStep.Position there = vm.there("production stopped");
        Path copyA = copy(vm.diskA);
        Path copyB = copy(vm.diskB);

        pair.production().resume();
        vm.client.awaitMore(100);
        pair.awaitPaired();
        Await.pass(TRYING);
        vm.client.stop();
        assertTrue(vm.client.answered() > there.number());
        assertEquals(-1, Files.mismatch(copyA, pair.standbyDisk(vm.diskA)));
        assertEquals(-1, Files.mismatch(copyB, pair.standbyDisk(vm.diskB)));

        // taken back into protection, the former standby volumes are compared and become equal
        pair.protectStandby(vm.uuid, "LOCALPOME", vm.diskA, vm.diskB);
        pair.awaitDrained(vm.uuid);
        pair.assertDisksEqual(vm.diskA);
        pair.assertDisksEqual(vm.diskB);
        assertEquals(1, Pair.remove(pair.dr(), vm.uuid, true));
        removeAtProduction(vm.uuid);
    }

    @Test
    @Order(6)
    void withTheProductionSiteDead() throws IOException, InterruptedException, StorageException {
        Vm normal = new Vm();
        Vm forced = new Vm();
        pair.production().kill();
        normal.client.awaitBroken();
        forced.client.awaitBroken();

        assertEquals(1, Pair.remove(pair.dr(), normal.uuid, false));
        assertEquals(1, Pair.remove(pair.dr(), forced.uuid, true));
        for (Vm vm : List.of(normal, forced)) {
            assertGone(pair.dr(), vm.uuid);
            LockStep.Position there = vm.there("production dead");
            assertTrue(there.number() > 0 && there.number() <= vm.client.answered() + 1, there::toString);
            assertFree(vm.diskA);
            assertFree(vm.diskB);
        }
    }

    /** A second removal answers that there is no such VM, and changes nothing. */
    private static void assertGone(Appliance appliance, String vm) throws IOException, InterruptedException {
        for (int flag = 1; flag <= 2; flag++) {
            Rest.Answer answer = appliance.rest().call("POST", "/vmstrategy/" + vm, "{\"delFlag\":" + flag + "}");
            assertEquals(400, answer.status(), answer::toString);
            assertEquals("10440400", answer.body().path("errorCode").asText(), answer::toString);
        }
    }

    /** Anybody can open a volume: no owner is noted, QEMU can write it, and another VM can have it. */
    private static void assertFree(String disk) throws IOException, InterruptedException {
        Path file = pair.standbyDisk(disk);
        assertFalse(Files.exists(file.resolveSibling("." + file.getFileName() + ".vrg-owner")), "it has an owner");
        Tools.succeed(
                Duration.ofMinutes(1),
                List.of("qemu-io", "-f", "raw", "-c", "write -P 7 " + (LockStep.DISK_BYTES - 512) + " 512", "" + file));
        String next = UUID.randomUUID().toString();
        pair.claim(pair.dr(), next, UUID.randomUUID().toString(), disk + ".raw");
        Await.until(
                SOON,
                () -> "volStatus 1: " + pair.dr().tail(),
                () -> pair.dr()
                                .rest()
                                .get("/vmstrategy?vmUuid=" + next)
                                .at("/vmList/0/volList/0/volStatus")
                                .asInt()
                        == 1);
        Pair.remove(pair.dr(), next, true);
    }

    private static int removeAtProduction(String vm) throws IOException, InterruptedException {
        return Pair.remove(pair.production(), vm, true);
    }

    private static Path copy(String disk) throws IOException {
        Path copy = pair.dr().home().resolve(disk + ".copy");
        return Files.copy(pair.standbyDisk(disk), copy);
    }
}
