package org.openvrg.replication.internal.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VolumeStatus;

/** That every alarm of a VM is raised by its cause, and cleared when that ends. */
class ReplicationAlarmsTest {
    private static final long MIB = 1 << 20;

    @TempDir
    Path folder;

    private static TestAlarms production(TestPair pair) {
        return pair.alarms.get("production");
    }

    private static TestAlarms standby(TestPair pair) {
        return pair.alarms.get("standby");
    }

    private static TestPair inStep(Path folder, long journalLimitBytes) throws Exception {
        TestPair pair = new TestPair(folder, 1, 16 * MIB, journalLimitBytes);
        pair.startProduction();
        pair.startStandby();
        pair.connect();
        pair.awaitQueueDrained();
        return pair;
    }

    private static void write(TestPair pair, long seed, int mebibytes) throws Exception {
        Random random = new Random(seed);
        byte[] bytes = new byte[64 * 1024];
        for (int i = 0; i < 16 * mebibytes; i++) {
            random.nextBytes(bytes);
            pair.write(pair.volumes.get(0), (i % 256) * 65536L, bytes);
        }
    }

    @Test
    void tellsOfAFullJournalAndOfTheFallToChangedBlocks() throws Exception {
        try (TestPair pair = inStep(folder, 6 * MIB)) {
            TestAlarms alarms = production(pair);
            assertEquals(List.of(), alarms.history());
            pair.cut();
            write(pair, 1, 8);
            pair.await(() ->
                    alarms.raised().equals(Set.of("JOURNAL_NEARLY_FULL vm", "JOURNAL_FULL vm", "VM_FELL_TO_CBT vm")));
            pair.connect();
            pair.awaitQueueDrained();
            pair.await(() -> alarms.raised().isEmpty());
        }
    }

    @Test
    void tellsAfterARestartThatItStillOnlyMarksBlocks() throws Exception {
        try (TestPair pair = inStep(folder, 6 * MIB)) {
            pair.cut();
            write(pair, 1, 8);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_CBT);
            pair.stopProduction();
            production(pair).forget();
            pair.startProduction();
            TestAlarms alarms = production(pair);
            for (String kind : List.of("VM_FELL_TO_CBT", "JOURNAL_FULL", "JOURNAL_NEARLY_FULL", "JOURNAL_FAILED")) {
                pair.await(() -> alarms.told(kind + " vm"));
            }
            assertTrue(alarms.raised().contains("VM_FELL_TO_CBT vm"));
            pair.connect();
            pair.awaitQueueDrained();
            pair.await(() -> alarms.raised().isEmpty());
        }
    }

    @Test
    void tellsOfALostAgentButNotOfOneThatIsLeft() throws Exception {
        try (TestPair pair = inStep(folder, 64 * MIB)) {
            TestAlarms alarms = standby(pair);
            pair.agent.down();
            pair.await(() -> alarms.raised().equals(Set.of("AGENT_LOST vm")));
            pair.agent.up();
            pair.await(() -> alarms.raised().isEmpty());
            pair.stopStandby();
            assertEquals(List.of("AGENT_LOST vm"), alarms.history());
        }
    }

    @Test
    void tellsOfAnAgentThatIsNotThereAfterAStart() throws Exception {
        try (TestPair pair = inStep(folder, 64 * MIB)) {
            TestAlarms alarms = standby(pair);
            pair.agent.down();
            pair.stopStandby();
            alarms.clear(org.openvrg.api.service.AlarmService.Kind.AGENT_LOST, TestPair.VM.toString());
            pair.startStandbyWithoutVolumes();
            pair.await(() -> alarms.raised().equals(Set.of("AGENT_LOST vm")));
            pair.agent.up();
            pair.await(() -> alarms.raised().isEmpty());
        }
    }

    @Test
    void tellsOfAVolumeThatDoesNotOpen() throws Exception {
        try (TestPair pair = inStep(folder, 64 * MIB)) {
            TestAlarms alarms = standby(pair);
            pair.agent.opensAs = VolumeStatus.PATH_WRONG;
            pair.agent.up(); // as after a reconnect
            pair.await(() -> alarms.raised().equals(Set.of("VOLUME_ERROR vm/vol-0")));
            pair.agent.opensAs = VolumeStatus.NORMAL;
            pair.agent.up();
            pair.await(() -> alarms.raised().isEmpty());
        }
    }

    @Test
    void tellsOfAVolumeThatIsAnotherOneAndComparesEverything() throws Exception {
        try (TestPair pair = inStep(folder, 64 * MIB)) {
            TestAlarms alarms = standby(pair);
            write(pair, 1, 20);
            pair.awaitQueueDrained();
            Path standbyFile = pair.standbyFile(pair.volumes.get(0));
            byte[] before = Files.readAllBytes(standbyFile);
            Files.write(standbyFile, new byte[before.length]);
            pair.agent.newlyOwned = true;
            pair.agent.down();
            pair.agent.up();
            pair.await(() -> alarms.history().contains("NO_CONSISTENT_COPY vm"));
            pair.await(() -> alarms.raised().isEmpty());
            pair.awaitQueueDrained();
            assertArrayEquals(before, Files.readAllBytes(standbyFile));
        }
    }

    @Test
    void tellsOnceOfAVolumeThatCanNotBeWritten() throws Exception {
        try (TestPair pair = inStep(folder, 64 * MIB)) {
            TestAlarms alarms = standby(pair);
            pair.agent.refusing = true;
            write(pair, 1, 1);
            pair.await(() -> alarms.raised().equals(Set.of("VOLUME_ERROR vm/vol-0")));
            alarms.forget();
            pair.await(() -> alarms.told("VOLUME_ERROR vm/vol-0")); // it was tried again, and failed again
            pair.agent.refusing = false;
            pair.await(() -> alarms.raised().isEmpty());
            assertEquals(List.of("VOLUME_ERROR vm/vol-0"), alarms.history());
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
        }
    }

    @Test
    void tellsOfDisksThatAreGone() throws Exception {
        try (TestPair pair = inStep(folder, 64 * MIB)) {
            TestAlarms alarms = production(pair);
            pair.production.orElseThrow().engine().removePlatform(pair.platform);
            pair.await(() -> alarms.raised().equals(Set.of("CAPTURE_LOST vm")));
            pair.production.orElseThrow().engine().addPlatform("inline", pair.platform);
            pair.await(() -> alarms.raised().isEmpty());
            pair.awaitQueueDrained();
        }
    }

    @Test
    void tellsOfADamagedDrJournalUntilEverythingIsCompared() throws Exception {
        try (TestPair pair = inStep(folder, 64 * MIB)) {
            pair.agent.down();
            write(pair, 1, 2);
            pair.await(() -> pair.report(pair.production).progress().durableSequence()
                    >= pair.report(pair.production).progress().lastSequence());
            pair.stopStandby();
            flipJournalByte();
            pair.agent.up = true;
            pair.startStandby();
            TestAlarms alarms = standby(pair);
            pair.await(() -> alarms.raised().contains("JOURNAL_FAILED vm"));
            alarms.forget();
            pair.await(() -> alarms.told("JOURNAL_FAILED vm") && alarms.told("NO_CONSISTENT_COPY vm"));
            assertTrue(alarms.raised().contains("JOURNAL_FAILED vm"), "nothing is compared yet");
            pair.connect();
            pair.awaitQueueDrained();
            pair.await(() -> alarms.raised().isEmpty());
        }
    }

    @Test
    void tellsWhenTheLastConsistentCopyIsGivenUp() throws Exception {
        try (TestPair pair = inStep(folder, 6 * MIB)) {
            TestAlarms alarms = standby(pair);
            pair.cut();
            write(pair, 1, 15); // far more than the DR journal can hold back
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_CBT);
            pair.connect();
            pair.await(() -> alarms.history().contains("NO_CONSISTENT_COPY vm"));
            pair.awaitQueueDrained();
            pair.await(() -> alarms.raised().isEmpty());
        }
    }

    private void flipJournalByte() throws Exception {
        Path file;
        try (Stream<Path> files = Files.walk(folder.resolve("standby/standby"))) {
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
    void removalEndsAllAlarmsOfTheVm() throws Exception {
        try (TestPair pair = inStep(folder, 6 * MIB)) {
            pair.agent.down();
            pair.cut();
            write(pair, 1, 8);
            pair.await(() -> !production(pair).raised().isEmpty()
                    && !standby(pair).raised().isEmpty());
            pair.production.orElseThrow().engine().remove(TestPair.VM, true);
            pair.standby.orElseThrow().engine().remove(TestPair.VM, true);
            assertEquals(Set.of(), production(pair).raised());
            assertEquals(Set.of(), standby(pair).raised());
        }
    }
}
