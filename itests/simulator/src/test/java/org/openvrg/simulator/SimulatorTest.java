package org.openvrg.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class SimulatorTest {
    private static final long RUNS = 10_000;
    private static final int ALL_LINES = 100_000;

    @Test
    void tenThousandSeedsKeepThePromises() {
        assertEquals("", Simulator.firstFailure(1, RUNS));
    }

    @Test
    void aSeedIsAHistory() {
        for (long seed = 1; seed <= 20; seed++) {
            assertEquals(history(seed), history(seed), "seed " + seed);
        }
    }

    /** What happens in a run, without the salts of segments, which are random and mean nothing. */
    private static String history(long seed) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Simulator.show(seed, new PrintStream(out, true, StandardCharsets.UTF_8), ALL_LINES);
        return out.toString(StandardCharsets.UTF_8)
                .replaceAll("-[0-9a-f]{8}\\.(open|seg)", ".$1")
                .replaceAll("\\[B@[0-9a-f]+", "bytes");
    }
}
