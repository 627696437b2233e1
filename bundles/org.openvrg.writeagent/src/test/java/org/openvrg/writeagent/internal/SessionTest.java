package org.openvrg.writeagent.internal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.UUID;
import org.junit.jupiter.api.Test;

class SessionTest {
    private static final long MEGABYTE = 1024 * 1024;

    private final FakeLane lane = new FakeLane("a");
    private final Session session = new Session(lane);

    @Test
    void stopsReadingWhenTooMuchWaitsForOneVmAndGoesOnAtHalf() {
        UUID vm = new UUID(1, 1);
        for (int i = 0; i < 32; i++) {
            session.queued(vm, MEGABYTE);
            assertTrue(lane.reading());
        }
        session.queued(vm, MEGABYTE);
        assertFalse(lane.reading());
        for (int i = 0; i < 16; i++) {
            session.done(vm, MEGABYTE);
            assertFalse(lane.reading());
        }
        session.done(vm, MEGABYTE);
        assertTrue(lane.reading());
    }

    @Test
    void stopsReadingWhenTooMuchWaitsInAll() {
        for (int vm = 0; vm < 4; vm++) {
            session.queued(new UUID(vm, 0), 16 * MEGABYTE);
        }
        assertTrue(lane.reading());
        session.queued(new UUID(9, 0), 1);
        assertFalse(lane.reading());
        for (int vm = 0; vm < 4; vm++) {
            session.done(new UUID(vm, 0), 16 * MEGABYTE);
        }
        assertTrue(lane.reading());
    }

    @Test
    void stopsReadingWhileAnswersAreNotTaken() {
        lane.writable(false);
        session.update();
        assertFalse(lane.reading());
        lane.writable(true);
        session.update();
        assertTrue(lane.reading());
    }
}
