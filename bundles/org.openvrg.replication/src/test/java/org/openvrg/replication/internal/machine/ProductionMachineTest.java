package org.openvrg.replication.internal.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.replication.internal.machine.ProductionMachine.Phase;
import org.openvrg.replication.internal.machine.ProductionMachine.Retained;
import org.openvrg.replication.internal.machine.ProductionMachine.Saved;

class ProductionMachineTest {
    private static ProductionMachine fresh() {
        return new ProductionMachine(Saved.NEW, new Retained(1, 0, 0, false), true);
    }

    private static <A extends Action> Optional<A> find(List<Action> actions, Class<A> type) {
        return actions.stream().filter(type::isInstance).map(type::cast).findFirst();
    }

    private static ProductionMachine steady() {
        ProductionMachine machine = fresh();
        machine.on(new Event.PeerReady(0, 0, 0, false));
        machine.on(new Event.EpochStarted(1, 1));
        machine.on(new Event.ResyncReady(1));
        machine.on(new Event.CopyDone());
        machine.on(new Event.ResyncEnded(2));
        machine.journalAt(1, 2);
        machine.on(new Event.Durable(2));
        assertEquals(Phase.STEADY, machine.phase());
        return machine;
    }

    @Test
    void newVmGoesFromConsistencyCheckToQueue() {
        ProductionMachine machine = fresh();
        assertEquals(ProtectionState.CONSISTENCY_CHECK, machine.state());
        assertFalse(machine.capturing());

        List<Action> actions = machine.on(new Event.PeerReady(0, 0, 0, false));
        Action.StartEpoch start = find(actions, Action.StartEpoch.class).orElseThrow();
        assertTrue(start.compare());
        assertEquals(1, start.epoch());

        machine.on(new Event.EpochStarted(1, 1));
        assertTrue(machine.capturing());
        assertInstanceOf(
                Action.StartCopy.class, machine.on(new Event.ResyncReady(1)).get(0));
        assertInstanceOf(
                Action.EndResync.class, machine.on(new Event.CopyDone()).get(0));
        machine.on(new Event.ResyncEnded(9));
        machine.on(new Event.Durable(8));
        assertEquals(ProtectionState.CONSISTENCY_CHECK, machine.state());
        machine.on(new Event.Durable(9));
        assertEquals(ProtectionState.INCREMENTAL_QUEUE, machine.state());
    }

    @Test
    void fullJournalLeadsToDirtyResyncOnlyOnceTheRestIsDurable() {
        ProductionMachine machine = steady();
        machine.journalAt(3, 100);
        machine.on(new Event.CaptureBroke("full"));
        assertEquals(ProtectionState.INCREMENTAL_CBT, machine.state());
        assertTrue(
                find(machine.on(new Event.Durable(99)), Action.StartEpoch.class).isEmpty());
        Action.StartEpoch start = find(machine.on(new Event.Durable(100)), Action.StartEpoch.class)
                .orElseThrow();
        assertFalse(start.compare());
        assertEquals(2, start.epoch());
        assertEquals(101, start.minimumSequence());
    }

    @Test
    void linkLossInTheQueueResumesBehindTheLastDurableRecord() {
        ProductionMachine machine = steady();
        machine.on(new Event.PeerLost());
        machine.journalAt(3, 500);
        assertEquals(ProtectionState.INCREMENTAL_QUEUE, machine.state());
        List<Action> actions = machine.on(new Event.PeerReady(1, 42, 0, false));
        assertEquals(List.of(new Action.SendFrom(43)), actions);
    }

    @Test
    void peerThatLostItsHistoryCausesAFullCheck() {
        ProductionMachine machine = steady();
        machine.on(new Event.PeerLost());
        machine.journalAt(400, 500);
        List<Action> actions = machine.on(new Event.PeerReady(0, 0, 0, false));
        assertTrue(find(actions, Action.StopCapture.class).isPresent());
        assertTrue(find(actions, Action.MarkAll.class).isPresent());
        Action.StartEpoch start = find(actions, Action.StartEpoch.class).orElseThrow();
        assertTrue(start.compare());
        assertEquals(ProtectionState.CONSISTENCY_CHECK, machine.state());
    }

    @Test
    void peerAheadOfProductionCausesAFullCheckAboveItsSequence() {
        ProductionMachine machine = steady();
        machine.on(new Event.PeerLost());
        machine.journalAt(3, 10);
        Action.StartEpoch start = find(machine.on(new Event.PeerReady(7, 900, 0, false)), Action.StartEpoch.class)
                .orElseThrow();
        assertEquals(8, start.epoch());
        assertEquals(901, start.minimumSequence());
    }

    @Test
    void brokenCaptureWhileCopyingKeepsComparing() {
        ProductionMachine machine = fresh();
        machine.on(new Event.PeerReady(0, 0, 0, false));
        machine.on(new Event.EpochStarted(1, 1));
        machine.on(new Event.ResyncReady(1));
        machine.journalAt(1, 30);
        List<Action> actions = machine.on(new Event.CaptureBroke("full"));
        assertInstanceOf(Action.StopCopy.class, actions.get(0));
        assertEquals(ProtectionState.CONSISTENCY_CHECK, machine.state());
        assertEquals(Phase.DRAINING, machine.phase());
        Action.StartEpoch start =
                find(machine.on(new Event.Durable(30)), Action.StartEpoch.class).orElseThrow();
        assertTrue(start.compare());
        assertEquals(2, start.resyncId());
    }

    @Test
    void restartInTheQueueGoesOnCapturing() {
        Saved saved = steady().saved();
        ProductionMachine machine = new ProductionMachine(saved, new Retained(3, 77, 0, false), true);
        assertTrue(machine.capturing());
        assertEquals(List.of(new Action.SendFrom(51)), machine.on(new Event.PeerReady(1, 50, 0, false)));
    }

    @Test
    void restartInTheMiddleOfAResyncDrainsAndStartsItAnew() {
        Saved saved = new Saved(true, false, true, 4, 9);
        ProductionMachine machine = new ProductionMachine(saved, new Retained(200, 220, 0, false), true);
        assertFalse(machine.capturing());
        List<Action> actions = machine.on(new Event.PeerReady(3, 199, 8, false));
        assertEquals(List.of(new Action.SendFrom(200)), actions);
        Action.StartEpoch start = find(machine.on(new Event.Durable(220)), Action.StartEpoch.class)
                .orElseThrow();
        assertEquals(5, start.epoch());
        assertEquals(10, start.resyncId());
    }

    @Test
    void powerLossResyncsWhatWasMarkedWithoutAFullCheck() {
        Saved saved = new Saved(true, true, false, 4, 9);
        ProductionMachine machine = new ProductionMachine(saved, new Retained(481, 480, 0, true), true);
        assertEquals(ProtectionState.INCREMENTAL_CBT, machine.state());
        List<Action> actions = machine.on(new Event.PeerReady(4, 500, 9, false));
        assertTrue(find(actions, Action.MarkAll.class).isEmpty());
        Action.StartEpoch start = find(actions, Action.StartEpoch.class).orElseThrow();
        assertFalse(start.compare());
        assertEquals(501, start.minimumSequence());
    }

    @Test
    void replacedJournalIsFollowedByAResyncOfWhatIsMarked() {
        ProductionMachine machine = steady();
        machine.journalAt(3, 40);
        machine.on(new Event.CaptureBroke("the journal has failed"));
        machine.on(new Event.PeerLost());
        machine.journalAt(41, 40);
        machine.on(new Event.JournalReplaced());
        assertEquals(ProtectionState.INCREMENTAL_CBT, machine.state());

        machine.journalAt(41, 40);
        List<Action> actions = machine.on(new Event.PeerReady(1, 20, 1, false));
        assertTrue(find(actions, Action.MarkAll.class).isEmpty());
        Action.StartEpoch start = find(actions, Action.StartEpoch.class).orElseThrow();
        assertFalse(start.compare());
        assertEquals(21, start.minimumSequence());

        machine.journalAt(41, 40);
        actions = machine.on(new Event.CaptureBroke("the journal is full"));
        assertTrue(find(actions, Action.StartEpoch.class).isPresent(), "nothing is there that could drain");
    }

    @Test
    void recordsOfANewEpochBehindAGapAreDrainedBeforeTheNextOne() {
        ProductionMachine machine =
                new ProductionMachine(new Saved(true, true, false, 4, 9), new Retained(481, 480, 0, true), true);
        machine.on(new Event.PeerReady(4, 470, 9, false));
        machine.journalAt(481, 481);
        machine.on(new Event.EpochStarted(5, 481));
        machine.journalAt(481, 490);
        List<Action> actions = machine.on(new Event.CaptureBroke("the journal is full"));
        assertTrue(find(actions, Action.StartEpoch.class).isEmpty(), "nine records are not at the DR side");
        actions = machine.on(new Event.Durable(490));
        assertTrue(find(actions, Action.StartEpoch.class).isPresent());
    }

    @Test
    void anEpochWhoseFirstNumberIsTakenAtTheDrSideIsGivenUp() {
        Saved saved = new Saved(true, true, false, 8, 8);
        ProductionMachine machine = new ProductionMachine(saved, new Retained(125, 124, 0, true), true);
        machine.on(new Event.PeerReady(8, 122, 8, true));
        machine.on(new Event.EpochStarted(9, 125));
        machine.on(new Event.PeerLost());
        machine.journalAt(125, 141);
        machine.on(new Event.CaptureBroke("the journal is full"));
        List<Action> actions = machine.on(new Event.PeerReady(8, 126, 8, true));
        Action.StartEpoch start = find(actions, Action.StartEpoch.class).orElseThrow();
        assertEquals(10, start.epoch());
        assertEquals(127, start.minimumSequence());
        assertTrue(start.compare());

        ProductionMachine restarted =
                new ProductionMachine(new Saved(false, false, true, 9, 9), new Retained(125, 141, 125, false), true);
        actions = restarted.on(new Event.PeerReady(8, 126, 8, true));
        assertEquals(10, find(actions, Action.StartEpoch.class).orElseThrow().epoch());
    }

    @Test
    void lateAnswersOfAFormerResyncChangeNothing() {
        ProductionMachine machine = fresh();
        machine.on(new Event.PeerReady(0, 0, 0, false));
        machine.on(new Event.EpochStarted(1, 1));
        assertTrue(machine.on(new Event.ResyncReady(77)).isEmpty());
        assertTrue(machine.on(new Event.CopyDone()).isEmpty());
        assertEquals(Phase.STARTING, machine.phase());
    }

    @Test
    void resyncGetsANumberAboveThoseThatTheDrSideHasSeen() {
        ProductionMachine machine =
                new ProductionMachine(new Saved(false, false, true, 2, 2), new Retained(58, 57, 0, false), true);
        List<Action> actions = machine.on(new Event.PeerReady(3, 58, 3, true));
        assertEquals(4, find(actions, Action.StartEpoch.class).orElseThrow().resyncId());
    }

    @Test
    void whatWasDroppedIsNotWaitedFor() {
        ProductionMachine machine = new ProductionMachine(Saved.NEW, new Retained(28, 27, 0, false), true);
        List<Action> actions = machine.on(new Event.PeerReady(1, 26, 0, false));
        assertTrue(find(actions, Action.StartEpoch.class).isPresent());
    }

    @Test
    void beginWhoseNumberIsTakenAtTheDrSideIsPutAnew() {
        ProductionMachine machine =
                new ProductionMachine(new Saved(false, false, true, 3, 3), new Retained(59, 58, 0, false), true);
        machine.on(new Event.PeerReady(3, 58, 3, false));
        machine.on(new Event.EpochStarted(4, 59));
        machine.on(new Event.PeerLost());
        machine.journalAt(59, 59);
        List<Action> actions = machine.on(new Event.PeerReady(3, 59, 3, true));
        Action.StartEpoch again = find(actions, Action.StartEpoch.class).orElseThrow();
        assertEquals(60, again.minimumSequence());
    }
}
