package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;

/**
 * There and back: production is lost, the VM goes on at the DR site, is protected from there to the repaired production
 * site, and comes back in order. What the judge reads is a prefix at each step.
 */
class FailbackTest {
    private static final String FOLDER_OF_VM = "volumes";
    private static final String FOLDER_OF_STANDBY = "datastore";

    private String diskA;
    private String diskB;
    private String vm;

    @Test
    void goesThereAndComesBack() throws IOException, InterruptedException, StorageException {
        try (Pair pair = new Pair("failback").patient().start()) {
            diskA = pair.newDisk(LockStep.DISK_BYTES);
            diskB = pair.newDisk(LockStep.DISK_BYTES);
            vm = pair.protect(true, true, diskA, diskB);
            pair.awaitInStep(vm);
            pair.awaitExport(diskA);
            pair.awaitExport(diskB);
            try (LockStep client = new LockStep(pair, diskA, diskB).start()) {
                client.awaitMore(300);
                failOver(pair, client);
                protectFromTheDrSite(pair, client);
                comeBack(pair, client);
            }
        }
    }

    /** Production is lost; the VM goes on with the standby, which nobody protects. */
    private void failOver(Pair pair, LockStep client) throws IOException, InterruptedException, StorageException {
        pair.production().kill();
        client.awaitBroken();
        assertEquals(1, Pair.remove(pair.dr(), vm, false), () -> pair.dr().tail());
        LockStep.Position there = LockStep.judge(pair.standbyDisk(diskA), pair.standbyDisk(diskB), "failed over");
        Chance.tell("failed over with %s of %d", there, client.answered());
        move(pair.dr(), FOLDER_OF_STANDBY, FOLDER_OF_VM);
        pair.awaitDrExport(diskA);
        pair.awaitDrExport(diskB);
        client.start(pair.drNbdAddress(), there.whole());
        client.awaitMore(100);
    }

    /** The production site is repaired; its disks, which are older and have what the DR side never got, are standbys now. */
    private void protectFromTheDrSite(Pair pair, LockStep client) throws IOException, InterruptedException {
        pair.production().start();
        pair.awaitPaired();
        Pair.remove(pair.production(), vm, true);
        move(pair.production(), FOLDER_OF_VM, FOLDER_OF_STANDBY);
        pair.protectReversed(vm, diskA, diskB);
        pair.awaitInStep(vm);
        long copied = Pair.report(pair.dr(), vm)
                .path("progress")
                .path("resyncSentBytes")
                .asLong();
        Chance.tell("protected the other way round: %,d bytes copied of %,d", copied, 2L * LockStep.DISK_BYTES);
        client.awaitMore(100);
    }

    /** The VM is stopped, all that it wrote is brought over, and it starts at the production site again. */
    private void comeBack(Pair pair, LockStep client) throws IOException, InterruptedException, StorageException {
        client.stop();
        assertEquals(1, Pair.remove(pair.dr(), vm, false), () -> pair.dr().tail());
        assertEquals(1, Pair.remove(pair.production(), vm, false), () -> pair.production()
                .tail());
        LockStep.Position back = LockStep.judge(
                in(pair.production(), FOLDER_OF_STANDBY, diskA),
                in(pair.production(), FOLDER_OF_STANDBY, diskB),
                "came back");
        assertEquals(client.answered(), back.whole(), "a planned failback loses nothing");
        assertTrue(back.whole() > 0, "nothing was written");
        move(pair.production(), FOLDER_OF_STANDBY, FOLDER_OF_VM);
        move(pair.dr(), FOLDER_OF_VM, FOLDER_OF_STANDBY);
        pair.protectStandby(vm, "LOCALPOME", diskA, diskB);
        pair.protectProduction(vm, true, true, diskA, diskB);
        pair.awaitExport(diskA);
        pair.awaitExport(diskB);
        client.start(pair.nbdAddress(), back.whole());
        pair.awaitInStep(vm);
        client.awaitMore(100);
        client.stop();
        pair.awaitDrained(vm);
        pair.assertDisksEqual(diskA);
        pair.assertDisksEqual(diskB);
        Chance.tell("back at the production site with %d", client.answered());
    }

    private void move(Appliance appliance, String from, String to) throws IOException {
        for (String disk : new String[] {diskA, diskB}) {
            Files.move(in(appliance, from, disk), in(appliance, to, disk));
        }
    }

    private static Path in(Appliance appliance, String folder, String disk) {
        return appliance.home().resolve(folder).resolve(disk + ".raw");
    }
}
