package org.openvrg.itests.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Await;
import org.openvrg.itests.Chance;
import org.openvrg.itests.Load;
import org.openvrg.itests.Pair;

/** A standby image is lost while the DR site is down: nobody takes the empty one in its place for a copy. */
class LostStandbyTest {
    private static final long MIB = 1 << 20;
    private static final long DISK_BYTES = 64 * MIB;

    private final Chance chance = new Chance("LostStandbyTest");

    @Test
    void anImageMadeAnewIsFilledAndNotBelieved() throws IOException, InterruptedException, StorageException {
        try (Pair pair = new Pair("lost-standby").patient().start()) {
            String disk = pair.newDisk(DISK_BYTES);
            String other = pair.newDisk(DISK_BYTES);
            String vm = pair.protect(true, true, disk, other);
            pair.awaitInStep(vm);
            pair.awaitExport(disk);
            pair.awaitExport(other);
            try (Load load = new Load(pair, chance.number(), 32 * MIB, 8 * MIB, disk, other).start()) {
                load.awaitMore(1000);
                load.stop();
                pair.awaitDrained(vm);
                load.start();
                pair.dr().kill();
                Files.delete(pair.standbyDisk(disk));
                pair.dr().start();
                Await.until(Pair.IN_STEP, () -> "an alarm: " + pair.describe(vm), () -> pair.dr()
                        .log()
                        .lines()
                        .anyMatch(line -> line.contains("NO_CONSISTENT_COPY") && line.contains(vm)));
                pair.awaitInStep(vm);
                load.assertUnbroken();
                load.stop();
            }
            pair.awaitDrained(vm);
            pair.assertDisksEqual(disk);
            pair.assertDisksEqual(other);
            long sent = Pair.report(pair.production(), vm)
                    .path("progress")
                    .path("resyncSentBytes")
                    .asLong();
            Chance.tell("%,d bytes copied to the image that was made anew", sent);
            assertTrue(sent > 0, "nothing was copied");
            assertEquals(1, Pair.remove(pair.dr(), vm, false));
        }
    }
}
