package org.openvrg.itests.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Await;
import org.openvrg.itests.Chance;
import org.openvrg.itests.Pair;
import org.openvrg.nbd.client.NbdClient;

/** The production disk itself fails: the guest sees that, as it would without a gateway, and the DR side follows. */
@SuppressWarnings("try") // a test that is interrupted while it closes fails, as it should
class ProductionStorageTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int BLOCK_BYTES = 64 * 1024;
    private static final Chance CHANCE = new Chance("ProductionStorageTest");

    @Test
    void theGuestSeesItsDiskFailAndBothSidesAgreeAfterwards()
            throws IOException, InterruptedException, StorageException {
        Random random = new Random(CHANCE.number());
        try (Pair pair = new Pair("production-storage").patient()) {
            String disk = pair.newDisk(Protected.DISK_BYTES);
            try (FaultyFile file = FaultyFile.over(
                            pair.productionDisk(disk), pair.production().home().resolve("faulty"), Duration.ZERO);
                    Stopped appliances = new Stopped(pair)) {
                pair.start();
                String vm = pair.protect(true, true, disk);
                pair.awaitInStep(vm);
                pair.awaitExport(disk);
                try (NbdClient guest = NbdClient.open(pair.nbdAddress(), disk)) {
                    write(guest, 0, random);
                    file.fail();
                    StorageException seen =
                            assertThrows(StorageException.class, () -> write(guest, 4 * BLOCK_BYTES, random));
                    assertEquals(StorageException.Kind.IO, seen.kind(), seen.toString());
                    Await.until(SOON, () -> "state 2: " + pair.describe(vm), () -> state(pair, vm) == 2);
                    file.heal();
                    write(guest, 9 * BLOCK_BYTES, random);
                    guest.flush();
                    pair.awaitInStep(vm);
                    write(guest, 30 * BLOCK_BYTES, random);
                }
                pair.awaitDrained(vm);
                pair.assertDisksEqual(disk);
                assertEquals(1, state(pair, vm));
            }
        }
    }

    /** Ends both appliances before the file under one of them is taken away. */
    private record Stopped(Pair pair) implements AutoCloseable {
        @Override
        public void close() throws InterruptedException {
            pair.production().stop();
            pair.dr().stop();
        }
    }

    private static int state(Pair pair, String vm) throws IOException, InterruptedException {
        return Pair.report(pair.production(), vm).path("state").asInt();
    }

    private static void write(NbdClient guest, long offset, Random random) throws StorageException {
        byte[] bytes = new byte[BLOCK_BYTES];
        random.nextBytes(bytes);
        guest.write(offset, ByteBuffer.wrap(bytes));
    }
}
