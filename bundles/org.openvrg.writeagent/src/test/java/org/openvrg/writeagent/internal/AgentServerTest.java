package org.openvrg.writeagent.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.openvrg.writeagent.internal.AgentHarness.DISK;
import static org.openvrg.writeagent.internal.AgentHarness.GATEWAY;
import static org.openvrg.writeagent.internal.AgentHarness.OTHER_GATEWAY;
import static org.openvrg.writeagent.internal.AgentHarness.SECOND;
import static org.openvrg.writeagent.internal.AgentHarness.VM;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.block.BlockHash;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.wire.Message;
import org.openvrg.wire.Message.AgentAttach;
import org.openvrg.wire.Message.AgentPosition;
import org.openvrg.wire.Message.Applied;
import org.openvrg.wire.Message.ApplyFailed;
import org.openvrg.wire.Message.CloseVolume;
import org.openvrg.wire.Message.Flush;
import org.openvrg.wire.Message.Flushed;
import org.openvrg.wire.Message.HashReply;
import org.openvrg.wire.Message.HashRequest;
import org.openvrg.wire.Message.Hello;
import org.openvrg.wire.Message.HelloReply;
import org.openvrg.wire.Message.Unpair;
import org.openvrg.wire.Message.Verdict;
import org.openvrg.wire.Message.VolumeClosed;
import org.openvrg.wire.Message.VolumeState;
import org.openvrg.wire.PairingProof;

class AgentServerTest {
    @TempDir
    Path folder;

    private AgentHarness agent;

    @BeforeEach
    void start() throws Exception {
        agent = new AgentHarness(folder);
    }

    @AfterEach
    void stop() throws Exception {
        agent.close();
    }

    // ---- who may connect --------------------------------------------------------------------------------------

    @Test
    void aGatewayThatIsNotEnrolledGetsNothing() {
        byte[] wrong = new byte[PairingProof.LENGTH_BYTES];
        for (FakeLane lane : List.of(new FakeLane("unknown"), new FakeLane(""))) {
            assertEquals(Verdict.REFUSED, greet(lane, 1, wrong).verdict());
            assertFalse(lane.isOpen());
        }
    }

    @Test
    void anEnrolledGatewayOrOneWithTheSecretIsAccepted() {
        String own = agent.identity.fingerprint();
        byte[] secret = "a shared secret".getBytes(StandardCharsets.UTF_8);
        byte[] proof = PairingProof.of(secret, "unknown", own, true);
        assertEquals(Verdict.ACCEPTED, greet(new FakeLane(own), 1, new byte[0]).verdict());
        assertEquals(
                Verdict.ACCEPTED, greet(new FakeLane("trusted"), 1, new byte[0]).verdict());
        HelloReply reply = greet(new FakeLane("unknown"), 1, proof);
        assertEquals(Verdict.ACCEPTED, reply.verdict());
        assertTrue(PairingProof.verify(secret, "unknown", own, false, reply.pairingProof()), "the agent's proof");
        assertEquals(
                Verdict.REFUSED, greet(new FakeLane("thief"), 1, proof).verdict(), "a proof is bound to a certificate");
        assertEquals(Verdict.REFUSED, greet(new FakeLane(own), 2, proof).verdict(), "another version");
    }

    @Test
    void anyOtherFirstMessageClosesTheLane() {
        for (Message first : List.of(new AgentAttach(VM, GATEWAY, 1, 99), new Flush(VM), new Unpair())) {
            FakeLane lane = new FakeLane(agent.identity.fingerprint());
            agent.server.opened(lane);
            agent.server.received(lane, first);
            assertFalse(lane.isOpen());
            assertEquals(List.of(), lane.taken());
        }
    }

    @Test
    void messagesThatAreNotForAnAgentCloseTheLane() {
        for (Message wrong :
                List.of(new Unpair(), new Hello(1, 0, GATEWAY, "", 0, new byte[0]), new Message.ResyncReady(VM, 1))) {
            FakeLane lane = agent.attached();
            agent.server.received(lane, wrong);
            assertFalse(lane.isOpen());
        }
    }

    @Test
    void messagesForAVmThatIsNotAttachedCloseTheLane() {
        FakeLane lane = agent.lane();
        agent.server.received(lane, new Flush(VM));
        assertFalse(lane.isOpen());
        agent.withDisk();
        FakeLane other = agent.lane();
        agent.server.received(other, new Flush(VM));
        assertFalse(other.isOpen());
    }

    // ---- entries ----------------------------------------------------------------------------------------------

    @Test
    void carriesEntriesOutInOrder() {
        FakeLane lane = agent.withDisk();
        apply(
                lane,
                1,
                Entries.write(DISK, 1, 0, 1000, 1),
                Entries.range(RecordType.ZERO, DISK.key(), 2, 100, 100),
                StreamRecord.checkpoint(3, 1234),
                Entries.range(RecordType.TRIM, DISK.key(), 4, 300, 100),
                Entries.write(DISK, 5, 350, 10, 5));
        assertEquals(new Applied(VM, 5), lane.only(Applied.class));
        byte[] expected = new byte[65536];
        Arrays.fill(expected, 0, 1000, (byte) 1);
        Arrays.fill(expected, 100, 200, (byte) 0);
        Arrays.fill(expected, 300, 400, (byte) 0);
        Arrays.fill(expected, 350, 360, (byte) 5);
        assertArrayEquals(expected, agent.bytes());
        agent.server.received(lane, new Flush(VM));
        assertEquals(new Flushed(VM, 5), lane.only(Flushed.class));
        assertEquals(1, agent.storage.disks.get("d").flushes.get());
    }

    @Test
    void skipsDuplicates() {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1), Entries.write(DISK, 2, 0, 1, 2));
        lane.taken();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 9));
        assertEquals(new Applied(VM, 2), lane.only(Applied.class));
        assertEquals(2, agent.bytes()[0]);
        apply(lane, 2, Entries.write(DISK, 2, 0, 1, 9), Entries.write(DISK, 3, 1, 1, 3));
        assertEquals(new Applied(VM, 3), lane.only(Applied.class));
        assertEquals(2, agent.bytes()[0]);
        assertEquals(3, agent.bytes()[1]);
    }

    @Test
    void refusesGaps() {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        lane.taken();
        apply(lane, 3, Entries.write(DISK, 3, 0, 1, 3));
        assertEquals(2, lane.only(ApplyFailed.class).index());
        assertFalse(lane.isOpen());
        assertEquals(1, agent.bytes()[0]);
    }

    @Test
    void anAgentThatKnowsNothingTakesTheFirstEntryItIsGiven() {
        FakeLane lane = agent.withDisk();
        apply(lane, 500, Entries.write(DISK, 1, 0, 1, 1));
        assertEquals(new Applied(VM, 500), lane.only(Applied.class));
    }

    @Test
    void anEntryOfAVolumeThatIsNotOpenStopsTheVm() {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1), Entries.write(SECOND, 2, 0, 1, 2));
        List<Message> answers = lane.taken();
        assertEquals(new Applied(VM, 1), answers.get(0));
        assertEquals(2, ((ApplyFailed) answers.get(1)).index());
        apply(lane, 3, Entries.write(DISK, 3, 0, 1, 3));
        assertEquals(2, ((ApplyFailed) lane.taken().get(0)).index());
        assertEquals(1, agent.bytes()[0]);
        assertTrue(lane.isOpen(), "entries that were under way are no gap");
        agent.storage.add("s", 100);
        assertEquals(VolumeStatus.NORMAL, agent.open(lane, SECOND, "s", 100).status());
        apply(lane, 2, Entries.write(SECOND, 2, 0, 1, 2), Entries.write(DISK, 3, 0, 1, 3));
        assertEquals(new Applied(VM, 3), lane.only(Applied.class));
    }

    @Test
    void aVolumeThatFailsStopsTheVmUntilItCanBeOpenedAgain() {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        lane.taken();
        agent.storage.disks.get("d").writesFail = true;
        apply(lane, 2, Entries.write(DISK, 2, 0, 1, 2));
        List<Message> answers = lane.taken();
        assertEquals(new Applied(VM, 1), answers.get(0));
        assertEquals(VolumeStatus.PATH_WRONG, ((VolumeState) answers.get(1)).status());
        ApplyFailed failed = (ApplyFailed) answers.get(2);
        assertEquals(2, failed.index());
        assertEquals(DISK, failed.volume());
        agent.storage.disks.get("d").writesFail = false;
        agent.server.tick();
        assertEquals(VolumeStatus.NORMAL, lane.only(VolumeState.class).status());
        apply(lane, 2, Entries.write(DISK, 2, 0, 1, 2));
        assertEquals(new Applied(VM, 2), lane.only(Applied.class));
    }

    @Test
    void whatCouldNotBeFlushedIsAskedForAgain() {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        agent.server.received(lane, new Flush(VM));
        apply(lane, 2, Entries.write(DISK, 2, 1, 1, 2));
        lane.taken();
        agent.storage.disks.get("d").flushesFail = true;
        agent.server.received(lane, new Flush(VM));
        List<Message> answers = lane.taken();
        assertEquals(VolumeStatus.PATH_WRONG, ((VolumeState) answers.get(0)).status());
        assertEquals(2, ((ApplyFailed) answers.get(1)).index());
        assertEquals(new Flushed(VM, 1), answers.get(2));
        agent.storage.disks.get("d").flushesFail = false;
        agent.server.tick();
        lane.taken();
        apply(lane, 3, Entries.write(DISK, 3, 2, 1, 3));
        answers = lane.taken();
        assertEquals(2, ((ApplyFailed) answers.get(0)).index());
        assertEquals(VolumeStatus.NORMAL, ((VolumeState) answers.get(1)).status());
        apply(lane, 2, Entries.write(DISK, 2, 1, 1, 2), Entries.write(DISK, 3, 2, 1, 3));
        assertEquals(new Applied(VM, 3), lane.only(Applied.class));
        agent.server.received(lane, new Flush(VM));
        assertEquals(new Flushed(VM, 3), lane.only(Flushed.class));
    }

    @Test
    void aRecordOutsideItsVolumeStopsTheVm() {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 65536, 1, 1));
        assertTrue(lane.taken().stream().anyMatch(ApplyFailed.class::isInstance), "failed");
    }

    // ---- what outlives the process ----------------------------------------------------------------------------

    @Test
    void afterAKillTheAgentKnowsWhatItHadApplied() throws Exception {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        agent.server.received(lane, new Flush(VM));
        apply(lane, 2, Entries.write(DISK, 2, 0, 1, 2));
        agent.kill(new UUID(7, 7));
        assertEquals(new AgentPosition(VM, 2, 1), agent.attach(agent.lane(), GATEWAY, 1));
        agent.kill(new UUID(8, 8));
        assertEquals(new AgentPosition(VM, 1, 1), agent.attach(agent.lane(), GATEWAY, 1));
    }

    @Test
    void afterAKillOnlyWhatWasFlushedCountsWhereStorageMayHaveHeldWritesBack() throws Exception {
        FakeLane lane = agent.withDisk();
        agent.storage.add("held", 65536).survivesProcess = false;
        agent.open(lane, SECOND, "held", 65536);
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        agent.server.received(lane, new Flush(VM));
        apply(lane, 2, Entries.write(DISK, 2, 0, 1, 2));
        agent.kill(new UUID(7, 7));
        assertEquals(new AgentPosition(VM, 1, 1), agent.attach(agent.lane(), GATEWAY, 1));
    }

    @Test
    void aGenerationThatEndsWithLostWritesLeavesVolumesOfWhichNobodyKnowsWhatTheyHold() throws Exception {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1), Entries.write(DISK, 2, 0, 1, 2));
        agent.kill(new UUID(8, 8));
        FakeLane later = agent.lane();
        agent.attach(later, GATEWAY, 2);
        assertTrue(agent.open(later, DISK, "d", 65536).newlyOwned());
        apply(later, 5, Entries.write(DISK, 3, 0, 1, 3));
        later.taken();
        assertFalse(agent.open(later, DISK, "d", 65536).newlyOwned());
    }

    @Test
    void aGenerationWhoseLostWritesWereWrittenAgainLeavesNoDoubt() throws Exception {
        agent.lastIndex = 2;
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1), Entries.write(DISK, 2, 0, 1, 2));
        agent.kill(new UUID(8, 8));
        FakeLane again = agent.lane();
        agent.attach(again, GATEWAY, 1);
        agent.open(again, DISK, "d", 65536);
        apply(again, 1, Entries.write(DISK, 1, 0, 1, 1));
        again.taken();
        agent.server.received(again, new Flush(VM));
        assertEquals(new Flushed(VM, 1), again.only(Flushed.class));
        agent.kill(new UUID(9, 9));
        FakeLane third = agent.lane();
        agent.attach(third, GATEWAY, 1);
        agent.open(third, DISK, "d", 65536);
        apply(third, 2, Entries.write(DISK, 2, 0, 1, 2));
        third.taken();
        agent.server.received(third, new Flush(VM));
        assertEquals(new Flushed(VM, 2), third.only(Flushed.class));
        agent.attach(third, GATEWAY, 2);
        assertFalse(agent.open(third, DISK, "d", 65536).newlyOwned());
    }

    @Test
    void whatAnEarlierGenerationDidNotFlushIsInDoubtAfterAPowerLossOnly() throws Exception {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        agent.kill(new UUID(7, 7));
        FakeLane next = agent.lane();
        agent.attach(next, GATEWAY, 2);
        assertFalse(agent.open(next, DISK, "d", 65536).newlyOwned());
        agent.kill(new UUID(8, 8));
        FakeLane after = agent.lane();
        agent.attach(after, GATEWAY, 2);
        assertTrue(agent.open(after, DISK, "d", 65536).newlyOwned());
    }

    @Test
    void afterAKillNothingCountsAsFlushedUntilAllVolumesAreOpenAgain() throws Exception {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        agent.kill(new UUID(7, 7));
        MemoryStorage.Disk disk = agent.storage.disks.remove("d");
        FakeLane after = agent.attached();
        agent.open(after, DISK, "d", 65536);
        agent.server.received(after, new Flush(VM));
        assertEquals(new Flushed(VM, 0), after.only(Flushed.class));
        agent.storage.disks.put("d", disk);
        agent.server.tick();
        after.taken();
        agent.server.received(after, new Flush(VM));
        assertEquals(new Flushed(VM, 1), after.only(Flushed.class));
    }

    @Test
    void aLaterGenerationBeginsAnew() {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        FakeLane next = agent.lane();
        assertEquals(new AgentPosition(VM, 0, 0), agent.attach(next, GATEWAY, 2));
        assertFalse(agent.storage.disks.get("d").open);
        assertEquals(VolumeStatus.NORMAL, agent.open(next, DISK, "d", -1).status());
        FakeLane old = agent.lane();
        agent.server.received(old, new AgentAttach(VM, GATEWAY, 1, 99));
        assertFalse(old.isOpen());
        assertTrue(next.isOpen());
    }

    @Test
    void aNewLaneTakesOverAndTheOldOneIsClosed() {
        FakeLane old = agent.withDisk();
        apply(old, 1, Entries.write(DISK, 1, 0, 1, 1));
        FakeLane next = agent.lane();
        assertEquals(new AgentPosition(VM, 1, 0), agent.attach(next, GATEWAY, 1));
        assertFalse(old.isOpen());
        apply(old, 2, Entries.write(DISK, 2, 0, 1, 9));
        assertEquals(1, agent.bytes()[0]);
        agent.server.closed(old, "test");
        assertEquals(VolumeStatus.NORMAL, agent.open(next, DISK, "d", 65536).status());
        apply(next, 2, Entries.write(DISK, 2, 0, 1, 2));
        assertEquals(2, agent.bytes()[0]);
    }

    @Test
    void volumesStayOpenAndOwnedWithoutALane() {
        FakeLane lane = agent.withDisk();
        lane.close("test");
        agent.server.closed(lane, "test");
        agent.server.tick();
        assertTrue(agent.storage.disks.get("d").open);
    }

    @Test
    void anotherGatewayIsToldWhoOwnsTheVolumesAndChangesNothing() {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        lane.taken();
        FakeLane other = agent.lane();
        assertEquals(new AgentPosition(VM, 0, 0), agent.attach(other, OTHER_GATEWAY, 9));
        VolumeState state = agent.open(other, DISK, "d", 65536);
        assertEquals(VolumeStatus.OWNED_BY_OTHER, state.status());
        assertTrue(state.detail().contains(GATEWAY.toString()), state.detail());
        apply(other, 2, Entries.write(DISK, 2, 0, 1, 9));
        agent.server.received(other, new HashRequest(VM, 1, DISK.key(), 0, 4096, 1));
        agent.server.received(other, new CloseVolume(VM, DISK, true));
        List<Message> answers = other.taken();
        assertEquals(2, ((ApplyFailed) answers.get(0)).index());
        assertEquals(0, ((HashReply) answers.get(1)).hashes().length);
        assertEquals(1, agent.bytes()[0]);
        assertTrue(agent.storage.disks.get("d").open);
        apply(lane, 2, Entries.write(DISK, 2, 0, 1, 2));
        assertEquals(new Applied(VM, 2), lane.only(Applied.class));
    }

    // ---- volumes ----------------------------------------------------------------------------------------------

    @Test
    void aVolumeThatNobodyOwnedIsToldSoUntilItIsWritten() {
        FakeLane lane = agent.withDisk();
        assertTrue(agent.open(lane, DISK, "d", 65536).newlyOwned());
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        lane.taken();
        assertFalse(agent.open(lane, DISK, "d", 65536).newlyOwned());
        agent.storage.disks.get("d").writesFail = true;
        apply(lane, 2, Entries.write(DISK, 2, 0, 1, 2));
        lane.taken();
        agent.storage.add("d", 65536); // another disk in its place
        agent.server.tick();
        assertEquals(new VolumeState(VM, DISK, VolumeStatus.NORMAL, 65536, true, ""), lane.only(VolumeState.class));
    }

    @Test
    void aVolumeWaitsForItsProviderAndOutlivesItsRemoval() {
        agent.server.providerGone("MEMORY", agent.storage);
        agent.storage.add("d", 65536);
        FakeLane lane = agent.attached();
        assertEquals(VolumeStatus.TYPE_WRONG, agent.open(lane, DISK, "d", 65536).status());
        agent.server.tick();
        assertEquals(List.of(), lane.taken());
        agent.server.providerArrived("OTHER", new MemoryStorage());
        assertEquals(List.of(), lane.taken());
        agent.server.providerArrived("MEMORY", agent.storage);
        assertEquals(new VolumeState(VM, DISK, VolumeStatus.NORMAL, 65536, true, ""), lane.only(VolumeState.class));
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        lane.taken();
        agent.server.providerGone("MEMORY", agent.storage);
        assertEquals(VolumeStatus.TYPE_WRONG, lane.only(VolumeState.class).status());
        assertEquals(1, agent.storage.disks.get("d").flushes.get());
        assertFalse(agent.storage.disks.get("d").open);
        apply(lane, 2, Entries.write(DISK, 2, 0, 1, 2));
        assertEquals(2, ((ApplyFailed) lane.taken().get(1)).index());
        agent.server.providerArrived("MEMORY", agent.storage);
        assertEquals(VolumeStatus.NORMAL, lane.only(VolumeState.class).status());
        apply(lane, 2, Entries.write(DISK, 2, 0, 1, 2));
        assertEquals(new Applied(VM, 2), lane.only(Applied.class));
        assertTrue(lane.isOpen());
    }

    @Test
    void aProviderThatWasGoneBeforeItsVolumesWereFlushedCostsARepetition() {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        lane.taken();
        agent.storage.disks.get("d").flushesFail = true;
        agent.server.providerGone("MEMORY", agent.storage);
        List<Message> told = lane.taken();
        assertEquals(1, ((ApplyFailed) told.get(1)).index());
        assertEquals(VolumeStatus.TYPE_WRONG, ((VolumeState) told.get(2)).status());
        assertEquals(new AgentPosition(VM, 0, 0), agent.attach(agent.lane(), GATEWAY, 1));
    }

    @Test
    void aWrongPathHealsAndChangesAreToldOnce() {
        FakeLane lane = agent.attached();
        assertEquals(VolumeStatus.PATH_WRONG, agent.open(lane, DISK, "d", 65536).status());
        agent.server.tick();
        assertEquals(List.of(), lane.taken());
        agent.storage.add("d", 100);
        agent.server.tick();
        VolumeState small = lane.only(VolumeState.class);
        assertEquals(VolumeStatus.PATH_WRONG, small.status());
        assertTrue(small.detail().contains("100") && small.detail().contains("65536"), small.detail());
        agent.storage.add("d", 65536);
        agent.server.tick();
        assertEquals(VolumeStatus.NORMAL, lane.only(VolumeState.class).status());
        agent.server.tick();
        assertEquals(List.of(), lane.taken());
    }

    @Test
    void newSettingsMoveAVolume() {
        FakeLane lane = agent.withDisk();
        agent.storage.add("elsewhere", 65536);
        assertEquals(
                VolumeStatus.NORMAL, agent.open(lane, DISK, "elsewhere", 65536).status());
        assertFalse(agent.storage.disks.get("d").open);
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        assertEquals(1, agent.storage.disks.get("elsewhere").bytes[0]);
    }

    @Test
    void closingWithReleaseGivesTheOwnershipUpAndForgetsTheVm() throws Exception {
        FakeLane lane = agent.withDisk();
        Path state = folder.resolve(VM + ".state");
        assertTrue(Files.exists(state));
        agent.storage.disks.get("d").releaseFails = true;
        agent.server.received(lane, new CloseVolume(VM, DISK, true));
        assertFalse(lane.only(VolumeClosed.class).released());
        assertTrue(Files.exists(state));
        agent.storage.disks.get("d").releaseFails = false;
        agent.server.received(lane, new CloseVolume(VM, DISK, true));
        assertTrue(lane.only(VolumeClosed.class).released());
        assertTrue(agent.storage.disks.get("d").owner.isEmpty());
        assertFalse(Files.exists(state));
        agent.server.received(lane, new CloseVolume(VM, DISK, true));
        assertTrue(lane.only(VolumeClosed.class).released());
    }

    @Test
    void closingWithoutReleaseKeepsTheOwnership() {
        FakeLane lane = agent.withDisk();
        agent.server.received(lane, new CloseVolume(VM, DISK, false));
        assertTrue(lane.only(VolumeClosed.class).released());
        assertTrue(agent.storage.disks.get("d").owner.isPresent());
        assertFalse(agent.storage.disks.get("d").open);
    }

    @Test
    void stoppingFlushesAndCloses() {
        FakeLane lane = agent.withDisk();
        apply(lane, 1, Entries.write(DISK, 1, 0, 1, 1));
        agent.server.close();
        assertFalse(lane.isOpen());
        assertFalse(agent.storage.disks.get("d").open);
        assertEquals(1, agent.storage.disks.get("d").flushes.get());
    }

    // ---- hashes -----------------------------------------------------------------------------------------------

    @Test
    void hashesBlocksUpToTheEndOfProductionsVolume() {
        agent.storage.add("d", 65536);
        FakeLane lane = agent.attached();
        agent.open(lane, DISK, "d", 10_000);
        apply(lane, 1, Entries.write(DISK, 1, 0, 9_000, 7));
        lane.taken();
        agent.server.received(lane, new HashRequest(VM, 42, DISK.key(), 0, 4096, 3));
        HashReply reply = lane.only(HashReply.class);
        assertEquals(42, reply.requestId());
        ByteBuffer expected = ByteBuffer.allocate(3 * BlockHash.LENGTH_BYTES);
        for (int at = 0; at < 10_000; at += 4096) {
            expected.put(BlockHash.of(ByteBuffer.wrap(agent.bytes(), at, Math.min(4096, 10_000 - at))));
        }
        assertArrayEquals(expected.array(), reply.hashes());
        for (HashRequest outside : List.of(
                new HashRequest(VM, 1, DISK.key(), 0, 4096, 4),
                new HashRequest(VM, 1, DISK.key(), Long.MAX_VALUE, 4096, 4),
                new HashRequest(VM, 1, VolumeKey.NONE, 0, 4096, 1))) {
            agent.server.received(lane, outside);
            assertEquals(0, lane.only(HashReply.class).hashes().length);
        }
    }

    @Test
    void hashRequestsOutOfTheirLimitsCloseTheLane() {
        for (HashRequest wrong : List.of(
                new HashRequest(VM, 1, DISK.key(), 0, 4095, 1),
                new HashRequest(VM, 1, DISK.key(), 0, Integer.MAX_VALUE, 1),
                new HashRequest(VM, 1, DISK.key(), 0, 4096, 0),
                new HashRequest(VM, 1, DISK.key(), 0, 4096, 1025),
                new HashRequest(VM, 1, DISK.key(), -1, 4096, 1))) {
            FakeLane lane = agent.attached();
            agent.server.received(lane, wrong);
            assertFalse(lane.isOpen());
        }
    }

    private HelloReply greet(FakeLane lane, int version, byte[] proof) {
        agent.server.opened(lane);
        agent.server.received(lane, new Hello(version, 0, GATEWAY, "", 0, proof));
        return lane.only(HelloReply.class);
    }

    private void apply(FakeLane lane, long firstIndex, StreamRecord... records) {
        agent.server.received(lane, Entries.apply(VM, firstIndex, records));
    }
}
