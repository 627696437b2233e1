package org.openvrg.replication.internal.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.AlarmService;

class ReplicationEngineTest {
    private static final long MIB = 1 << 20;

    @TempDir
    Path folder;

    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static void load(TestPair pair, Random random, int writes) throws Exception {
        List<CompletableFuture<Void>> answers = new ArrayList<>();
        for (int i = 0; i < writes; i++) {
            VolumeId volume = pair.volumes.get(random.nextInt(pair.volumes.size()));
            int length = 512 * (1 + random.nextInt(64));
            long offset = random.nextLong(pair.sizeBytes - length);
            if (random.nextInt(10) == 0) {
                answers.add(pair.export(volume)
                        .zero(offset, length, random.nextBoolean(), false)
                        .toCompletableFuture());
            } else {
                answers.add(pair.submit(volume, offset, bytes(random, length)));
            }
        }
        CompletableFuture.allOf(answers.toArray(new CompletableFuture<?>[0])).get(60, TimeUnit.SECONDS);
    }

    @Test
    void writesReachTheStandbyVolumesInTheQueue() throws Exception {
        try (TestPair pair = new TestPair(folder, 2, 8 * MIB, 64 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            load(pair, new Random(1), 200);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            load(pair, new Random(2), 200);
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
            assertEquals(
                    ProtectionState.INCREMENTAL_QUEUE, pair.report(pair.standby).state());
        }
    }

    @Test
    void equalDisksSendNoBlocks() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, 16 * MIB, 64 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            assertEquals(0, pair.resyncFrames.get());
            assertEquals(0, pair.report(pair.production).progress().resyncSentBytes());
        }
    }

    @Test
    void onlyDifferingBlocksAreCopied() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, 16 * MIB, 64 * MIB)) {
            try (FileChannel disk =
                    FileChannel.open(pair.productionFile(pair.volumes.get(0)), StandardOpenOption.WRITE)) {
                disk.write(ByteBuffer.wrap(bytes(new Random(3), 100)), 5 * MIB);
            }
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            assertEquals(65536, pair.report(pair.production).progress().resyncSentBytes());
            assertTrue(pair.equal());
        }
    }

    @Test
    void cutLinkResumesWithoutResync() throws Exception {
        try (TestPair pair = new TestPair(folder, 2, 8 * MIB, 256 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            int frames = pair.resyncFrames.get();
            for (int round = 0; round < 10; round++) {
                load(pair, new Random(round), 20);
                pair.cut();
                load(pair, new Random(100 + round), 20);
                pair.connect();
            }
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
            assertEquals(frames, pair.resyncFrames.get());
        }
    }

    @Test
    void fullJournalFallsToChangedBlocksAndComesBack() throws Exception {
        try (TestPair pair = new TestPair(folder, 2, 16 * MIB, 6 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            pair.cut();
            load(pair, new Random(7), 1000);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_CBT);
            load(pair, new Random(8), 100);
            pair.connect();
            load(pair, new Random(9), 100);
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
            assertTrue(pair.report(pair.production).progress().resyncSentBytes() > 0);
        }
    }

    @Test
    void restartedProductionGoesOnWhereItWas() throws Exception {
        try (TestPair pair = new TestPair(folder, 2, 8 * MIB, 256 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            int frames = pair.resyncFrames.get();
            for (int round = 0; round < 3; round++) {
                load(pair, new Random(round), 50);
                pair.stopProduction();
                pair.startProduction();
                assertEquals(ProtectionState.INCREMENTAL_QUEUE, pair.state());
                pair.connect();
            }
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
            assertEquals(frames, pair.resyncFrames.get());
        }
    }

    @Test
    void restartedStandbyGoesOnWhereItWas() throws Exception {
        try (TestPair pair = new TestPair(folder, 2, 8 * MIB, 256 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            int frames = pair.resyncFrames.get();
            for (int round = 0; round < 3; round++) {
                load(pair, new Random(round), 50);
                pair.stopStandby();
                load(pair, new Random(50 + round), 50);
                pair.startStandby();
                pair.connect();
            }
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
            assertEquals(frames, pair.resyncFrames.get());
        }
    }

    @Test
    void lostAgentIsCaughtUpWithoutProductionNoticing() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, 8 * MIB, 256 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            pair.agent.down();
            load(pair, new Random(4), 100);
            pair.await(() -> pair.report(pair.production).progress().durableSequence()
                    >= pair.report(pair.production).progress().lastSequence());
            assertEquals(ProtectionState.INCREMENTAL_QUEUE, pair.state());
            assertFalse(pair.report(pair.standby).connected());
            assertFalse(pair.equal());
            pair.agent.up();
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
        }
    }

    @Test
    void disksInLockStepAreAPrefixAfterEveryRecord() throws Exception {
        try (TestPair pair = new TestPair(folder, 2, MIB, 256 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            AtomicLong worst = new AtomicLong();
            pair.agent.afterEachRecord = () -> {
                long ahead = counter(pair, 0) - counter(pair, 1);
                if (ahead < 0 || ahead > 1) {
                    worst.set(ahead);
                }
            };
            for (long n = 1; n <= 300; n++) {
                byte[] number = ByteBuffer.allocate(512).putLong(n).array();
                pair.write(pair.volumes.get(0), 0, number);
                pair.write(pair.volumes.get(1), 0, number);
                if (n % 40 == 0) {
                    pair.cut();
                } else if (n % 40 == 20) {
                    pair.connect();
                }
            }
            pair.cut();
            pair.connect();
            pair.awaitQueueDrained();
            assertEquals(0, worst.get());
            assertEquals(300, counter(pair, 1));
        }
    }

    private void flipJournalByte(String side) throws Exception {
        Path file;
        try (Stream<Path> files = Files.walk(folder.resolve(side))) {
            file = files.filter(path -> path.getParent().endsWith("journal")
                            && path.toFile().length() > 200_000)
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, 100_000);
            one.put(0, (byte) (one.get(0) ^ 1)).rewind();
            channel.write(one, 100_000);
        }
    }

    @Test
    void damagedStandbyJournalIsNeverAppliedAndLeadsToAFullCheck() throws Exception {
        try (TestPair pair = new TestPair(folder, 2, 8 * MIB, 256 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            pair.agent.down();
            load(pair, new Random(4), 100);
            pair.await(() -> pair.report(pair.production).progress().durableSequence()
                    >= pair.report(pair.production).progress().lastSequence());
            byte[] copy = Files.readAllBytes(pair.standbyFile(pair.volumes.get(0)));
            pair.stopStandby();
            flipJournalByte("standby/standby");
            pair.agent.up = true;
            pair.startStandby();
            assertArrayEquals(
                    copy, Files.readAllBytes(pair.standbyFile(pair.volumes.get(0))), "the copy stays as it was");
            assertFalse(pair.raised.contains(AlarmService.Kind.NO_CONSISTENT_COPY));
            pair.connect();
            pair.await(() -> pair.state() == ProtectionState.CONSISTENCY_CHECK);
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
        }
    }

    @Test
    void damagedProductionJournalLeadsToAFullCheck() throws Exception {
        try (TestPair pair = new TestPair(folder, 2, 8 * MIB, 256 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            pair.cut();
            load(pair, new Random(4), 100);
            pair.stopProduction();
            flipJournalByte("production/production");
            pair.startProduction();
            pair.connect();
            pair.await(() -> pair.state() == ProtectionState.CONSISTENCY_CHECK);
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
        }
    }

    private static long counter(TestPair pair, int volume) {
        try (FileChannel channel = FileChannel.open(pair.standbyFile(pair.volumes.get(volume)))) {
            ByteBuffer number = ByteBuffer.allocate(Long.BYTES);
            channel.read(number, 0);
            return number.getLong(0);
        } catch (java.io.IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void normalRemovalAtTheStandbyWritesAllThatWasReceived() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, 8 * MIB, 256 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            load(pair, new Random(4), 300);
            pair.await(() -> pair.report(pair.production).progress().durableSequence()
                    >= pair.report(pair.production).progress().lastSequence());
            pair.cut();
            assertEquals(
                    ProtectionState.INCREMENTAL_QUEUE,
                    pair.standby.orElseThrow().engine().remove(TestPair.VM, false));
            assertTrue(pair.equal());
            assertTrue(pair.standby.orElseThrow().engine().report(TestPair.VM).isEmpty());
        }
    }

    @Test
    void normalRemovalDropsNothingThatOnlyTheFilesHold() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, 8 * MIB, 256 * MIB)) {
            pair.startProduction();
            load(pair, new Random(4), 10);
            pair.stopProduction();
            pair.startProductionWithoutPlatform();
            ReplicationEngine engine = pair.production.orElseThrow().engine();
            RequestException refused = assertThrows(RequestException.class, () -> engine.remove(TestPair.VM, false));
            assertEquals(ErrorCode.CONFLICT, refused.error());
            assertTrue(engine.report(TestPair.VM).isPresent());
            engine.remove(TestPair.VM, true);
            assertTrue(engine.report(TestPair.VM).isEmpty());
        }
    }

    @Test
    void failoverInTheMiddleOfAResyncGivesTheLastConsistentCopy() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, 16 * MIB, 12 * MIB)) {
            pair.startProduction();
            pair.startStandby();
            pair.connect();
            pair.awaitQueueDrained();
            pair.cut();
            load(pair, new Random(7), 1200);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_CBT);
            int before = pair.resyncFrames.get();
            pair.connect();
            pair.await(() -> pair.resyncFrames.get() > before);
            pair.cut();
            ProtectionState state = pair.standby.orElseThrow().engine().remove(TestPair.VM, false);
            assertNotEquals(ProtectionState.CONSISTENCY_CHECK, state);
        }
    }
}
