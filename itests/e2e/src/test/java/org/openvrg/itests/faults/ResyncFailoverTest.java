package org.openvrg.itests.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Await;
import org.openvrg.itests.Chance;
import org.openvrg.itests.Load;
import org.openvrg.itests.LockStep;
import org.openvrg.itests.Pair;

/** Production is lost in the middle of a resync: the DR side gives the last consistent copy, or says that it has none. */
class ResyncFailoverTest {
    private static final long MIB = 1 << 20;
    private static final long BULK_BYTES = 128 * MIB;
    private static final long BULK_REGION_BYTES = 96 * MIB;
    private static final long BULK_BYTES_PER_SECOND = 200 * MIB;
    private static final long JOURNAL_BYTES = 64 * MIB;
    private static final long DRAIN_BYTES_PER_SECOND = 16 * MIB;
    private static final long CREEP_BYTES_PER_SECOND = MIB / 2;
    private static final Duration LONG = Duration.ofSeconds(90);
    /** So often in a row the DR side has to tell the same figure to count as idle. */
    private static final int IDLE_LOOKS = 8;

    private final Chance chance = new Chance("ResyncFailoverTest");

    @Test
    void lastConsistentCopyOrAWarning() throws IOException, InterruptedException, StorageException {
        try (Pair pair = new Pair("resync-failover").patient()) {
            Pair.replication(pair.production(), "journal.limit-bytes", JOURNAL_BYTES);
            pair.start();
            heldBack(pair);

            pair.dr().stop();
            Pair.replication(pair.dr(), "journal.limit-bytes", JOURNAL_BYTES);
            pair.dr().start();
            pair.awaitPaired();
            inPlace(pair);
        }
    }

    /** Two disks in lock-step, which judge a copy, and one that is written in bulk, all of one VM. */
    private static final class Vm {
        final String diskA;
        final String diskB;
        final String bulk;
        final String uuid;

        Vm(Pair pair) throws IOException, InterruptedException {
            diskA = pair.newDisk(LockStep.DISK_BYTES);
            diskB = pair.newDisk(LockStep.DISK_BYTES);
            bulk = pair.newDisk(BULK_BYTES);
            uuid = pair.protect(true, true, diskA, diskB, bulk);
            pair.awaitInStep(uuid);
            for (String disk : disks()) {
                pair.awaitExport(disk);
            }
        }

        String[] disks() {
            return new String[] {diskA, diskB, bulk};
        }
    }

    private void heldBack(Pair pair) throws IOException, InterruptedException, StorageException {
        Vm vm = new Vm(pair);
        try (LockStep client = new LockStep(pair, vm.diskA, vm.diskB).start()) {
            intoChangedBlockTracking(pair, vm, client);
            beginResync(pair, vm);
            pair.linkToDr().limit(CREEP_BYTES_PER_SECOND);
            awaitIdle(pair, vm.uuid);
            for (String disk : vm.disks()) {
                Files.copy(pair.standbyDisk(disk), copy(pair, disk), StandardCopyOption.REPLACE_EXISTING);
            }
            client.awaitMore(50);
            long sent = resyncSent(pair, vm.uuid);
            Await.until(
                    LONG,
                    () -> "more of the resync on the way: " + pair.describe(vm.uuid),
                    () -> resyncSent(pair, vm.uuid) > sent + MIB);
            assertEquals(2, Pair.report(pair.dr(), vm.uuid).path("state").asInt());

            pair.production().kill();
            client.awaitBroken();
            assertEquals(
                    2, Pair.remove(pair.dr(), vm.uuid, false), () -> pair.dr().tail());
            for (String disk : vm.disks()) {
                assertEquals(-1, Files.mismatch(copy(pair, disk), pair.standbyDisk(disk)), chance + ": " + disk);
            }
            LockStep.Position there =
                    LockStep.judge(pair.standbyDisk(vm.diskA), pair.standbyDisk(vm.diskB), chance.toString());
            Chance.tell("held back: the copy is at %s, the client was at %d", there, client.answered());
            assertTrue(there.number() > 0 && there.number() < client.answered());
        }
        pair.linkToDr().restore();
        pair.production().start();
        pair.awaitPaired();
        Pair.remove(pair.production(), vm.uuid, true);
    }

    private void inPlace(Pair pair) throws IOException, InterruptedException, StorageException {
        Vm vm = new Vm(pair);
        try (LockStep client = new LockStep(pair, vm.diskA, vm.diskB).start()) {
            intoChangedBlockTracking(pair, vm, client);
            beginResync(pair, vm);
            Await.until(
                    LONG, () -> "an alarm that there is no consistent copy: " + pair.describe(vm.uuid), () -> pair.dr()
                            .log()
                            .lines()
                            .anyMatch(line -> line.contains("NO_CONSISTENT_COPY") && line.contains(vm.uuid)));
            pair.linkToDr().limit(CREEP_BYTES_PER_SECOND);
            JsonNode report = Pair.report(pair.dr(), vm.uuid);
            assertEquals(2, report.path("state").asInt(), report::toString);

            pair.production().kill();
            client.awaitBroken();
            assertEquals(
                    2, Pair.remove(pair.dr(), vm.uuid, false), () -> pair.dr().tail());
            Chance.tell("in place: %s", report);
        }
    }

    /** Cuts the link and writes until the journal is full and most of the bulk disk is dirty. */
    private void intoChangedBlockTracking(Pair pair, Vm vm, LockStep client)
            throws IOException, InterruptedException, StorageException {
        client.awaitMore(50);
        pair.cutLink();
        try (Load bulk = new Load(pair, chance.number(), BULK_REGION_BYTES, BULK_BYTES_PER_SECOND, vm.bulk).start()) {
            Await.until(LONG, () -> "state 2: " + pair.describe(vm.uuid), () -> {
                bulk.assertUnbroken();
                return Pair.report(pair.production(), vm.uuid).path("state").asInt() == 2;
            });
            bulk.awaitMore(4 * BULK_REGION_BYTES / Load.BLOCK_BYTES);
            bulk.stop();
        }
        client.awaitMore(20);
    }

    /** Lets the journal drain and the resync begin. */
    private static void beginResync(Pair pair, Vm vm) {
        pair.restoreLink();
        pair.linkToDr().limit(DRAIN_BYTES_PER_SECOND);
        Await.until(
                LONG,
                () -> "the resync begins: " + pair.describe(vm.uuid),
                () -> Pair.report(pair.dr(), vm.uuid).path("state").asInt() == 2 && resyncSent(pair, vm.uuid) > MIB);
    }

    private static long resyncSent(Pair pair, String vm) throws IOException, InterruptedException {
        return Pair.report(pair.production(), vm)
                .path("progress")
                .path("resyncSentBytes")
                .asLong();
    }

    private static Path copy(Pair pair, String disk) {
        return pair.dr().home().resolve(disk + ".copy");
    }

    /** Waits until the DR side has applied nothing for a while. */
    private static void awaitIdle(Pair pair, String vm) {
        int[] looks = new int[1];
        long[] last = {-1};
        Await.until(LONG, () -> "the DR side applies nothing: " + pair.describe(vm), () -> {
            long applied = Pair.report(pair.dr(), vm)
                    .path("progress")
                    .path("appliedSequence")
                    .asLong();
            looks[0] = applied == last[0] ? looks[0] + 1 : 0;
            last[0] = applied;
            return looks[0] >= IDLE_LOOKS;
        });
    }
}
