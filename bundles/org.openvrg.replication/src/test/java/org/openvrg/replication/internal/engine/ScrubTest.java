package org.openvrg.replication.internal.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.AlarmService;

/** The comparison in idle time, over the whole engine of both sides. */
class ScrubTest {
    private static final long MIB = 1 << 20;
    private static final long FAST = 1 << 30;

    @TempDir
    Path folder;

    private static VmReport.Scrub scrub(TestPair pair) {
        return pair.report(pair.production).scrub();
    }

    private static void awaitPass(TestPair pair) {
        // not the pass under way, but a whole one that began from now on
        long before = scrub(pair).lastPassEpochMillis();
        pair.await(() -> scrub(pair).lastPassEpochMillis() > before);
        long next = scrub(pair).lastPassEpochMillis();
        pair.await(() -> scrub(pair).lastPassEpochMillis() > next);
    }

    private static TestPair inStep(Path folder, long scrubBytesPerSecond) throws Exception {
        TestPair pair = new TestPair(folder, 2, 10 * MIB + 4096, 64 * MIB);
        pair.scrubBytesPerSecond = scrubBytesPerSecond;
        pair.startProduction();
        pair.startStandby();
        pair.connect();
        pair.awaitQueueDrained();
        return pair;
    }

    private static void spoil(Path file, long offset) throws Exception {
        try (FileChannel disk = FileChannel.open(file, StandardOpenOption.WRITE)) {
            disk.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), offset);
        }
    }

    private static void awaitEqual(TestPair pair) {
        pair.await(() -> {
            try {
                return pair.equal();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Test
    void goesRoundAndFindsEqualVolumesEqual() throws Exception {
        try (TestPair pair = inStep(folder, FAST)) {
            awaitPass(pair);
            assertEquals(0, scrub(pair).differentBlocks());
            assertEquals(2 * pair.sizeBytes, scrub(pair).totalBytes());
            assertEquals(ProtectionState.INCREMENTAL_QUEUE, pair.state());
            assertFalse(pair.raised.contains(AlarmService.Kind.SCRUB_DIFFERENCE));
        }
    }

    @Test
    void findsAndRepairsAStandbyThatChangedBehindItsBack() throws Exception {
        try (TestPair pair = inStep(folder, FAST)) {
            VolumeId second = pair.volumes.get(1);
            spoil(pair.standbyFile(second), 7 * MIB + 5);
            spoil(pair.standbyFile(second), pair.sizeBytes - 3);
            pair.await(() -> scrub(pair).differentBlocks() == 2);
            awaitEqual(pair); // they are counted before the queue stops
            pair.awaitQueueDrained();
            assertTrue(pair.raised.contains(AlarmService.Kind.SCRUB_DIFFERENCE));
            pair.await(() -> !pair.standing.contains(AlarmService.Kind.SCRUB_DIFFERENCE));
            assertTrue(pair.equal());
            assertTrue(pair.report(pair.production).progress().resyncSentBytes() <= 2 * 65536, "only what differs");
            awaitPass(pair);
            assertEquals(2, scrub(pair).differentBlocks());
        }
    }

    @Test
    void takesWritesUnderWayForNoDifference() throws Exception {
        try (TestPair pair = inStep(folder, FAST)) {
            Random random = new Random(11);
            long before = scrub(pair).lastPassEpochMillis();
            while (scrub(pair).lastPassEpochMillis() == before) {
                byte[] bytes = new byte[512 * (1 + random.nextInt(64))];
                random.nextBytes(bytes);
                pair.write(pair.volumes.get(random.nextInt(2)), random.nextLong(pair.sizeBytes - bytes.length), bytes);
            }
            assertEquals(0, scrub(pair).differentBlocks());
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
        }
    }

    @Test
    void keepsItsPlaceOverARestart() throws Exception {
        try (TestPair pair = inStep(folder, FAST)) {
            awaitPass(pair);
            long pass = scrub(pair).lastPassEpochMillis();
            pair.stopProduction();
            pair.scrubBytesPerSecond = 0;
            pair.startProduction();
            assertTrue(scrub(pair).lastPassEpochMillis() >= pass);
        }
    }

    @Test
    void looksAtNothingWhenItIsOff() throws Exception {
        try (TestPair pair = inStep(folder, 0)) {
            spoil(pair.standbyFile(pair.volumes.get(0)), 0);
            pair.write(pair.volumes.get(0), MIB, new byte[512]);
            pair.awaitQueueDrained();
            assertEquals(new VmReport.Scrub(0, 2 * pair.sizeBytes, -1, 0), scrub(pair));
        }
    }
}
