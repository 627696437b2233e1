package org.openvrg.replication.internal.production;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.openvrg.replication.internal.production.RangeSet.Range;

class ReadTrackerTest {
    @Test
    void writeThatRacesTakesItsRangeOutOfTheBlock() {
        ReadTracker tracker = new ReadTracker();
        tracker.writeBegins(0, 10);
        ReadTracker.Read read = tracker.begin(0, 100);
        tracker.writeEnds(0, 10);
        tracker.writeBegins(50, 5);
        tracker.writeEnds(50, 5);
        tracker.writeBegins(200, 5);
        assertEquals(List.of(new Range(10, 50), new Range(55, 100)), read.finish());
    }

    @Test
    void writeThatEndedBeforeTheReadDoesNotCount() {
        ReadTracker tracker = new ReadTracker();
        tracker.writeBegins(0, 10);
        tracker.writeEnds(0, 10);
        assertEquals(List.of(new Range(0, 100)), tracker.begin(0, 100).finish());
    }

    @Test
    void readIsForgottenOnceFinishedOrCancelled() {
        ReadTracker tracker = new ReadTracker();
        ReadTracker.Read first = tracker.begin(0, 10);
        tracker.begin(0, 10).cancel();
        first.finish();
        tracker.writeBegins(0, 10);
        assertEquals(List.of(new Range(0, 10)), first.finish());
    }

    @Test
    void rangeSetAgreesWithABitSetOnRandomInput() {
        long seed = 20261124L;
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            RangeSet set = new RangeSet();
            BitSet model = new BitSet();
            for (int i = 0; i < 20; i++) {
                int start = random.nextInt(200);
                int end = start + 1 + random.nextInt(30);
                set.add(start, end);
                model.set(start, end);
            }
            int from = random.nextInt(100);
            int to = from + 1 + random.nextInt(150);
            List<Range> expected = new ArrayList<>();
            int at = model.nextClearBit(from);
            while (at < to) {
                int next = model.nextSetBit(at);
                int end = next < 0 ? to : Math.min(to, next);
                expected.add(new Range(at, end));
                at = model.nextClearBit(end);
            }
            assertEquals(expected, set.missing(from, to), "seed " + seed + " round " + round);
        }
        assertTrue(new RangeSet().isEmpty());
    }
}
