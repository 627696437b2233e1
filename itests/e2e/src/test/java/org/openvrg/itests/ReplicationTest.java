package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The main job: what is written at production stands on the DR volume. */
class ReplicationTest {
    private static final int MIB = 1 << 20;
    private static final int DISK_MIB = 32;

    private static Pair pair;

    @BeforeAll
    static void startBoth() throws IOException, InterruptedException {
        pair = new Pair("replication").patient().start();
    }

    @AfterAll
    static void stopBoth() throws IOException {
        pair.close();
    }

    @Test
    void copiesADiskThatNbdcopyWrites(@TempDir Path folder) throws IOException, InterruptedException {
        String volume = pair.newDisk((long) DISK_MIB * MIB);
        String vm = pair.protect(true, true, volume);
        pair.awaitInStep(vm);

        pair.awaitExport(volume);
        Path image = randomImage(folder);
        Tools.succeed(Duration.ofMinutes(1), List.of("nbdcopy", "--flush", image.toString(), pair.uri(volume)));
        pair.awaitDrained(vm);

        assertEquals(1, Pair.remove(pair.dr(), vm, false));
        pair.assertDisksEqual(volume);
        assertEquals(-1, Files.mismatch(image, pair.standbyDisk(volume)));
    }

    @Test
    void bindsEveryPort() throws IOException {
        assertFalse(pair.production().log().contains("Failed to bind"), pair.production()::tail);
        assertFalse(pair.dr().log().contains("Failed to bind"), pair.dr()::tail);
    }

    private static Path randomImage(Path folder) throws IOException {
        Path image = folder.resolve("image.raw");
        Random random = new Random(20260101);
        byte[] block = new byte[MIB];
        try (OutputStream out = Files.newOutputStream(image)) {
            for (int i = 0; i < DISK_MIB; i++) {
                random.nextBytes(block);
                out.write(block);
            }
        }
        return image;
    }
}
