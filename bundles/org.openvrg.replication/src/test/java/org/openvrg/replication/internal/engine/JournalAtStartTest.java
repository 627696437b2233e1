package org.openvrg.replication.internal.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.AlarmService;

/** The journal of a VM can't be opened when the gateway starts. */
class JournalAtStartTest {
    private static final long SIZE_BYTES = 2 << 20;

    @TempDir
    Path folder;

    private Path journal(TestPair pair) {
        return pair.folder
                .resolve("production/production")
                .resolve(TestPair.VM.toString())
                .resolve("journal");
    }

    private TestPair stoppedWithJournalGone() throws Exception {
        TestPair pair = new TestPair(folder, 1, SIZE_BYTES, 64 << 20);
        pair.startStandby();
        pair.startProduction();
        pair.connect();
        pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
        pair.write(pair.volumes.get(0), 4096, new byte[] {1, 2, 3, 4});
        pair.awaitQueueDrained();
        pair.stopProduction();
        Files.move(journal(pair), folder.resolve("aside"));
        Files.createFile(journal(pair));
        return pair;
    }

    private void giveBack(TestPair pair) throws Exception {
        Files.delete(journal(pair));
        Files.move(folder.resolve("aside"), journal(pair));
        pair.connect();
        pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
        pair.awaitQueueDrained();
        assertTrue(pair.equal());
    }

    @Test
    void theGuestGoesOnAfterAKill() throws Exception {
        try (TestPair pair = stoppedWithJournalGone()) {
            pair.startProduction(); // waits until the volume is exported
            pair.await(() -> pair.standing.contains(AlarmService.Kind.JOURNAL_FAILED));
            pair.write(pair.volumes.get(0), 9000, new byte[] {5, 6, 7});
            giveBack(pair);
        }
    }

    @Test
    void theGuestWaitsForTheJournalAfterAPowerLoss() throws Exception {
        try (TestPair pair = stoppedWithJournalGone()) {
            pair.boot = UUID.randomUUID();
            VolumeId volume = pair.volumes.get(0);
            pair.startProductionWithoutPlatform();
            ReplicationEngine engine = pair.production.orElseThrow().engine();
            engine.addPlatform("inline", pair.platform);
            pair.await(() -> pair.standing.contains(AlarmService.Kind.JOURNAL_FAILED));
            assertTrue(engine.exports().find(volume.value()).equals(Optional.empty()));
            giveBack(pair);
            assertTrue(engine.exports().find(volume.value()).isPresent());
        }
    }
}
