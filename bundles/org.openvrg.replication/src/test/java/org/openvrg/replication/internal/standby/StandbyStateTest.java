package org.openvrg.replication.internal.standby;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.ProtectionState;

class StandbyStateTest {
    @Test
    void firstResyncIsAppliedAsItComes() {
        StandbyState state = StandbyState.fresh(1).begin(1, true, 1);
        assertEquals(0, state.holdIndex());
        assertEquals(ProtectionState.CONSISTENCY_CHECK, state.contractState());
    }

    @Test
    void laterResyncIsHeldBackUntilItsEnd() {
        StandbyState consistent = StandbyState.fresh(1)
                .begin(1, true, 1)
                .end(50, 1000)
                .applied(50)
                .withPeerState(ProtectionState.INCREMENTAL_QUEUE);
        assertTrue(consistent.consistent());
        assertEquals(ProtectionState.INCREMENTAL_QUEUE, consistent.contractState());
        StandbyState held = consistent.begin(2, false, 90);
        assertEquals(90, held.holdIndex());
        assertEquals(ProtectionState.INCREMENTAL_CBT, held.contractState());
        assertEquals(90, held.begin(3, false, 120).holdIndex());
        assertEquals(0, held.end(200, 2000).holdIndex());
    }

    @Test
    void endCountsOnlyOnceItIsApplied() {
        StandbyState state = StandbyState.fresh(1).begin(1, true, 1).end(50, 1000);
        assertFalse(state.applied(49).consistent());
        assertTrue(state.applied(50).consistent());
    }

    @Test
    void volumesAreAMixtureWhileAHeldResyncIsApplied() {
        StandbyState ended = StandbyState.fresh(1)
                .begin(1, true, 1)
                .end(50, 1000)
                .applied(50)
                .begin(2, false, 90)
                .end(200, 2000);
        assertFalse(ended.consistent());
        assertFalse(ended.applied(199).consistent());
        assertTrue(ended.applied(200).consistent());
    }

    @Test
    void nextResyncIsHeldBackBehindAnEndThatIsNotYetApplied() {
        StandbyState next =
                StandbyState.fresh(1).begin(1, true, 1).end(50, 1000).begin(2, false, 60);
        assertEquals(60, next.holdIndex());
        assertFalse(next.consistent());
        assertTrue(next.applied(55).consistent());
        assertFalse(next.inPlace().applied(55).consistent());
    }

    @Test
    void damageKeepsAConsistentCopyAndNoOther() {
        StandbyState consistent = StandbyState.fresh(1)
                .begin(1, true, 1)
                .end(50, 1000)
                .applied(50)
                .withPeerState(ProtectionState.INCREMENTAL_QUEUE);
        StandbyState damaged = consistent.distrusted(9);
        assertTrue(damaged.consistent());
        assertEquals(9, damaged.generation());
        assertEquals(0, damaged.epoch());
        assertEquals(ProtectionState.CONSISTENCY_CHECK, damaged.contractState());
        assertEquals(60, damaged.begin(2, true, 60).holdIndex(), "the comparison is held back");
        assertTrue(consistent.begin(2, false, 60).distrusted(9).consistent(), "nothing of the resync was applied");
        assertFalse(consistent.begin(2, false, 60).inPlace().distrusted(9).consistent());
        assertFalse(consistent.end(70, 2000).distrusted(9).consistent());
        assertFalse(StandbyState.fresh(1).distrusted(9).consistent());
    }

    @Test
    void stateThatSpeaksOfLostEntriesIsForgotten() {
        StandbyState state = StandbyState.fresh(7).begin(1, true, 10);
        assertEquals(state, state.cutAt(10));
        StandbyState cut = state.cutAt(9);
        assertEquals(7, cut.generation());
        assertEquals(0, cut.resyncId());
        assertFalse(cut.consistent());
    }

    @Test
    void survivesItsFile(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("state");
        assertEquals(Optional.empty(), StandbyState.load(file));
        StandbyState state =
                StandbyState.fresh(7).begin(3, false, 10).withEpoch(4).withCheckpoint(99);
        state.store(file);
        assertEquals(Optional.of(state), StandbyState.load(file));
        Files.writeString(file, "generation=abc\n");
        assertThrows(JournalException.class, () -> StandbyState.load(file));
    }
}
