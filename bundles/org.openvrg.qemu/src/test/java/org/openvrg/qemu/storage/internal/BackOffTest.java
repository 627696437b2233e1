package org.openvrg.qemu.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BackOffTest {
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);
    private final BackOff<String> backOff = new BackOff<>(clock::get);

    @Test
    void pausesGrowUpToALimit() {
        List<Long> pauses = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            backOff.failed("a");
            long pause = backOff.pauseMillis("a").orElse(0);
            pauses.add(pause / 1000);
            clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(pause));
        }
        assertEquals(List.of(0L, 1L, 2L, 4L, 8L, 8L, 8L), pauses);
        assertTrue(backOff.pauseMillis("a").isEmpty());
        assertTrue(backOff.pauseMillis("b").isEmpty());
    }

    @Test
    void aFailureOfLongAgoIsForgotten() {
        backOff.failed("a");
        backOff.failed("a");
        assertTrue(backOff.pauseMillis("a").isPresent());
        clock.addAndGet(TimeUnit.MINUTES.toNanos(2));
        backOff.failed("a");
        assertTrue(backOff.pauseMillis("a").isEmpty());
    }
}
