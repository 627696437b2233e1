package org.openvrg.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class BandwidthLimiterTest {
    private static final long MILLI = 1_000_000;

    @Test
    void neverWaitsWithoutALimit() {
        BandwidthLimiter limiter = new BandwidthLimiter(0);
        for (int i = 0; i < 10; i++) {
            assertEquals(0, limiter.reserve(1 << 30, i));
        }
    }

    @Test
    void letsTheRateThroughAndALittleBurst() {
        BandwidthLimiter limiter = new BandwidthLimiter(1000);
        long now = Long.MAX_VALUE - 5 * MILLI;
        assertEquals(0, limiter.reserve(100, now));
        assertEquals(50 * MILLI, limiter.reserve(100, now), "50 ms of burst were used");
        assertEquals(150 * MILLI, limiter.reserve(1, now));
        assertEquals(0, limiter.reserve(100, now + 10_000 * MILLI), "an idle line is free");
        assertEquals(50 * MILLI, limiter.reserve(100, now + 10_000 * MILLI), "and has saved no more than the burst");
    }

    @Test
    void forgetsTheQueueWhenTheLimitChanges() {
        BandwidthLimiter limiter = new BandwidthLimiter(1);
        limiter.reserve(1000, 0);
        limiter.setLimit(1000);
        assertEquals(0, limiter.reserve(1, 1));
    }
}
