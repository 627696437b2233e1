package org.openvrg.replication.internal.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.AlarmService;

/** VMs whose disks a hypervisor mirrors into the exports: what passes the exports by is never lost. */
class MirrorTest {
    private static final long SIZE_BYTES = 4 << 20;
    private static final int BLOCK_BYTES = 64 * 1024;

    @TempDir
    Path folder;

    private TestHypervisor start(TestPair pair) throws Exception {
        TestHypervisor hypervisor = new TestHypervisor(pair);
        pair.startStandby();
        startProduction(pair, hypervisor);
        return hypervisor;
    }

    private static void startProduction(TestPair pair, TestHypervisor hypervisor) throws Exception {
        pair.startProductionWithoutPlatform();
        pair.production.orElseThrow().engine().addPlatform("test", hypervisor);
        pair.await(() -> pair.volumes.stream().allMatch(hypervisor::isCaptured));
        pair.connect();
    }

    private static byte[] bytes(int length, int fill) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) fill);
        return bytes;
    }

    @Test
    void waitsForTheMirrorThenQueues() throws Exception {
        try (TestPair pair = new TestPair(folder, 2, SIZE_BYTES, 64 << 20)) {
            TestHypervisor hypervisor = start(pair);
            VolumeId first = pair.volumes.get(0);
            VolumeId second = pair.volumes.get(1);
            hypervisor.write(first, 70_000, bytes(5_000, 7)); // nobody mirrors it yet
            pair.await(() -> pair.report(pair.production).connected());
            hypervisor.live(first);
            assertEquals(ProtectionState.CONSISTENCY_CHECK, pair.state());
            assertTrue(
                    pair.report(pair.production).detail().contains(second.value()),
                    pair.report(pair.production).detail());
            hypervisor.write(second, 512, bytes(512, 9)); // the first disk's mirror alone is not enough
            hypervisor.live(second);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            hypervisor.write(first, 1 << 20, bytes(4096, 3));
            hypervisor.write(second, 4096, bytes(4096, 4));
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
        }
    }

    @Test
    void copiesOnlyWhatTheHostSawWhileTheMirrorWasBroken() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, SIZE_BYTES, 64 << 20)) {
            TestHypervisor hypervisor = start(pair);
            VolumeId volume = pair.volumes.get(0);
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            hypervisor.lost(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_CBT);
            hypervisor.write(volume, 3 * BLOCK_BYTES + 17, bytes(100, 5));
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
            assertEquals(BLOCK_BYTES, pair.report(pair.production).progress().resyncSentBytes());
        }
    }

    @Test
    void goesOnFromTheHostsBitmapAfterARestart() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, SIZE_BYTES, 64 << 20)) {
            TestHypervisor hypervisor = start(pair);
            VolumeId volume = pair.volumes.get(0);
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            hypervisor.write(volume, 0, bytes(1000, 1));
            pair.stopProduction();
            hypervisor.write(volume, 9 * BLOCK_BYTES, bytes(2 * BLOCK_BYTES, 6));
            startProduction(pair, hypervisor);
            pair.await(() -> pair.report(pair.production).connected());
            assertEquals(ProtectionState.INCREMENTAL_CBT, pair.state());
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
            assertEquals(
                    2 * BLOCK_BYTES, pair.report(pair.production).progress().resyncSentBytes());
        }
    }

    @Test
    void comparesAllOfADiskThatNobodyWatched() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, SIZE_BYTES, 64 << 20)) {
            TestHypervisor hypervisor = start(pair);
            VolumeId volume = pair.volumes.get(0);
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            hypervisor.lost(volume);
            hypervisor.write(volume, 5 * BLOCK_BYTES, bytes(10, 8));
            hypervisor.forget(volume);
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
        }
    }

    @Test
    void aRemovedPlatformIsLikeABrokenMirror() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, SIZE_BYTES, 64 << 20)) {
            TestHypervisor hypervisor = start(pair);
            VolumeId volume = pair.volumes.get(0);
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            ReplicationEngine engine = pair.production.orElseThrow().engine();
            engine.removePlatform(hypervisor);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_CBT && !hypervisor.isCaptured(volume));
            hypervisor.write(volume, 1 << 20, bytes(4096, 2));
            engine.addPlatform("test", hypervisor);
            pair.await(() -> hypervisor.isCaptured(volume));
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
            assertTrue(pair.raised.contains(AlarmService.Kind.VM_FELL_TO_CBT));
        }
    }

    @Test
    void aDiskThatCantBeReadAtAStartCostsNoHistory() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, SIZE_BYTES, 64 << 20)) {
            TestHypervisor hypervisor = start(pair);
            VolumeId volume = pair.volumes.get(0);
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            pair.stopProduction();
            hypervisor.write(volume, 9 * BLOCK_BYTES, bytes(BLOCK_BYTES, 6));
            hypervisor.readable = false;
            pair.startProductionWithoutPlatform();
            pair.production.orElseThrow().engine().addPlatform("test", hypervisor);
            pair.await(() -> pair.report(pair.production).detail().contains("somebody else reads it"));
            hypervisor.readable = true;
            pair.await(() -> hypervisor.isCaptured(volume));
            pair.connect();
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
            assertEquals(BLOCK_BYTES, pair.report(pair.production).progress().resyncSentBytes());
            assertFalse(pair.raised.contains(AlarmService.Kind.JOURNAL_FAILED));
        }
    }

    @Test
    void whatABrokenMirrorDeliversLateIsRefused() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, SIZE_BYTES, 64 << 20)) {
            TestHypervisor hypervisor = start(pair);
            VolumeId volume = pair.volumes.get(0);
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            BlockExport old = pair.production
                    .orElseThrow()
                    .engine()
                    .mirrors()
                    .find(volume.value())
                    .orElseThrow();
            hypervisor.lost(volume);
            hypervisor.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            hypervisor.write(volume, 8192, bytes(4096, 2));
            ExecutionException late =
                    assertThrows(ExecutionException.class, () -> TestPair.submit(old, 8192, bytes(4096, 1))
                            .get());
            assertTrue(
                    late.getCause().getMessage().contains("given up"),
                    late.getCause().getMessage());
            pair.awaitQueueDrained();
            assertTrue(pair.equal());
        }
    }

    @Test
    void severalGroupsOfHostsMayBeOfOneKind() throws Exception {
        try (TestPair pair = new TestPair(folder, 1, SIZE_BYTES, 64 << 20)) {
            TestHypervisor first = new TestHypervisor(pair);
            TestHypervisor empty = new TestHypervisor(pair);
            empty.there = false;
            pair.startStandby();
            pair.startProductionWithoutPlatform();
            ReplicationEngine engine = pair.production.orElseThrow().engine();
            engine.addPlatform("test", first);
            engine.addPlatform("test", empty);
            VolumeId volume = pair.volumes.get(0);
            pair.await(() -> first.isCaptured(volume));
            engine.removePlatform(empty);
            pair.connect();
            first.live(volume);
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            assertTrue(first.isCaptured(volume));
        }
    }

    /** Whatever breaks in whatever order, in the end both sides are equal. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void losesNothingInAnyOrder(long seed) throws Exception {
        Random random = new Random(seed);
        try (TestPair pair = new TestPair(folder, 2, SIZE_BYTES, 64 << 20)) {
            TestHypervisor hypervisor = start(pair);
            pair.volumes.forEach(hypervisor::live);
            for (int i = 0; i < 400; i++) {
                VolumeId volume = pair.volumes.get(random.nextInt(2));
                switch (random.nextInt(20)) {
                    case 0 -> hypervisor.lost(volume);
                    case 1, 2 -> hypervisor.live(volume);
                    case 3 -> pair.cut();
                    case 4, 5 -> pair.connect();
                    case 6 -> {
                        if (random.nextInt(6) == 0) {
                            pair.stopProduction();
                            hypervisor.write(volume, random.nextInt(100) * 4096L, bytes(4096, i));
                            startProduction(pair, hypervisor);
                        }
                    }
                    default ->
                        hypervisor.write(
                                volume, random.nextInt((int) SIZE_BYTES - 9000), bytes(1 + random.nextInt(9000), i));
                }
            }
            pair.volumes.forEach(hypervisor::live);
            pair.cut();
            pair.connect();
            pair.await(() -> pair.state() == ProtectionState.INCREMENTAL_QUEUE);
            pair.awaitQueueDrained();
            assertTrue(pair.equal(), "seed " + seed);
        }
    }
}
