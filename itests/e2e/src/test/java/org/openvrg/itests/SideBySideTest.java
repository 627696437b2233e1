package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two pairs on one machine know nothing of each other. */
class SideBySideTest {
    private static final Duration TOOL = Duration.ofMinutes(1);
    private static final long DISK_BYTES = 16L << 20;

    @Test
    void replicatesInTwoPairsOnOneMachine(@TempDir Path folder) throws IOException, InterruptedException {
        try (Pair first = new Pair("side-by-side-first");
                Pair second = new Pair("side-by-side-second")) {
            List<Pair> pairs = List.of(first.start(), second.start());
            String[] volumes = new String[pairs.size()];
            String[] vms = new String[pairs.size()];
            for (int i = 0; i < pairs.size(); i++) {
                Pair pair = pairs.get(i);
                volumes[i] = pair.newDisk(DISK_BYTES);
                vms[i] = pair.protect(true, true, volumes[i]);
                pair.awaitExport(volumes[i]);
            }
            for (int i = 0; i < pairs.size(); i++) {
                Path image = Images.random(folder.resolve(i + ".raw"), DISK_BYTES, 20260104 + i);
                Tools.succeed(
                        TOOL,
                        List.of(
                                "nbdcopy",
                                "--flush",
                                image.toString(),
                                pairs.get(i).uri(volumes[i])));
            }
            for (int i = 0; i < pairs.size(); i++) {
                Pair pair = pairs.get(i);
                pair.awaitDrained(vms[i]);
                pair.assertDisksEqual(volumes[i]);
                assertEquals(-1, Files.mismatch(folder.resolve(i + ".raw"), pair.standbyDisk(volumes[i])));
                assertOnlyExport(pair, volumes[i], volumes[1 - i]);
                assertBound(pair.production());
                assertBound(pair.dr());
            }
        }
    }

    private static void assertOnlyExport(Pair pair, String own, String others)
            throws IOException, InterruptedException {
        String list = Tools.succeed(TOOL, List.of("nbdinfo", "--list", pair.uri(own)));
        assertTrue(list.contains(own), list);
        assertFalse(list.contains(others), list);
    }

    private static void assertBound(Appliance appliance) throws IOException {
        assertFalse(appliance.log().contains("Failed to bind"), appliance::tail);
        assertFalse(appliance.log().contains("Address already in use"), appliance::tail);
    }
}
