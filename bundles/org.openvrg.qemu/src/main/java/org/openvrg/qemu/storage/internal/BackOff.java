package org.openvrg.qemu.storage.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Pauses between attempts that fail one after the other, for each of many things: none after the first, then 1 s,
 * doubled up to 8 s. Thread-safe.
 */
final class BackOff<K> {
    private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(8);
    /** A thing whose last failure is older is forgotten, as are the oldest beyond the limit. */
    private static final long FORGET_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final int MAX_THINGS = 10_000;

    private final LongSupplier clock;
    private final Map<K, Failed> failed = new LinkedHashMap<>();

    private record Failed(long atNanos, long pauseNanos) {}

    BackOff(LongSupplier clockNanos) {
        this.clock = clockNanos;
    }

    /** Milliseconds until the next attempt; empty if it may be made now. */
    synchronized OptionalLong pauseMillis(K thing) {
        Failed last = failed.get(thing);
        if (last == null) {
            return OptionalLong.empty();
        }
        long left = last.pauseNanos() - (clock.getAsLong() - last.atNanos());
        return left <= 0 ? OptionalLong.empty() : OptionalLong.of(TimeUnit.NANOSECONDS.toMillis(left) + 1);
    }

    /** An attempt failed. */
    synchronized void failed(K thing) {
        long now = clock.getAsLong();
        Failed last = failed.remove(thing);
        long pause = last == null || now - last.atNanos() > FORGET_NANOS
                ? 0
                : Math.min(LONGEST_NANOS, Math.max(FIRST_NANOS, 2 * last.pauseNanos()));
        failed.put(thing, new Failed(now, pause));
        failed.values().removeIf(one -> now - one.atNanos() > FORGET_NANOS);
        if (failed.size() > MAX_THINGS) {
            failed.remove(failed.keySet().iterator().next());
        }
    }
}
