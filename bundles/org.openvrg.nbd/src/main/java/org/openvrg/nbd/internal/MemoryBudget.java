package org.openvrg.nbd.internal;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.openvrg.nbd.NbdLimits;

/**
 * Payload bytes that all connections together hold. Who gets none is called back once a payload of the longest kind
 * fits again, so that long requests are not starved by short ones; thread-safe.
 */
final class MemoryBudget {
    private final long limitBytes;
    private final Set<Runnable> waiting = new LinkedHashSet<>();
    private long usedBytes;

    MemoryBudget(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    /**
     * Takes bytes, or notes the caller.
     *
     * @param retry called once, on any thread, when it is worth trying again; only if this returns false; the
     *     same object waits but once
     */
    synchronized boolean reserve(long bytes, Runnable retry) {
        if (usedBytes + bytes > limitBytes) {
            waiting.add(retry);
            return false;
        }
        usedBytes += bytes;
        return true;
    }

    void release(long bytes) {
        List<Runnable> woken = List.of();
        synchronized (this) {
            usedBytes -= bytes;
            if (!waiting.isEmpty() && limitBytes - usedBytes >= NbdLimits.MAX_PAYLOAD_BYTES) {
                woken = List.copyOf(waiting);
                waiting.clear();
            }
        }
        woken.forEach(Runnable::run);
    }

    synchronized long usedBytes() {
        return usedBytes;
    }
}
