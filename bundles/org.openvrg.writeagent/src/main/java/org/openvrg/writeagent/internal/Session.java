package org.openvrg.writeagent.internal;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.openvrg.wire.Lane;

/**
 * One connection of a gateway and what waits to be carried out for it. Reading stops while too much waits, for one VM or
 * in all, or while the gateway does not take the answers; so the memory that a gateway can claim is bounded. Thread-safe.
 */
final class Session {
    /** Most bytes that wait for one VM before reading stops. */
    static final long MAX_VM_BYTES = 32L * 1024 * 1024;

    /** Most bytes that wait in all. */
    static final long MAX_BYTES = 64L * 1024 * 1024;

    private final Lane lane;
    private final long openedNanos = System.nanoTime();
    private final Map<UUID, Long> waitingBytes = new HashMap<>();
    private final Set<UUID> fullVms = new HashSet<>();
    private long totalBytes;
    private boolean reading = true;
    private volatile boolean accepted;

    /** A connection that was not accepted yet. */
    Session(Lane lane) {
        this.lane = lane;
    }

    /** The connection. */
    Lane lane() {
        return lane;
    }

    /** Whether its greeting was accepted. */
    boolean accepted() {
        return accepted;
    }

    /** Its greeting was accepted. */
    void accept() {
        accepted = true;
    }

    /** Since when it stands, in nanoseconds of {@link System#nanoTime}. */
    long ageNanos() {
        return System.nanoTime() - openedNanos;
    }

    /** Something for a VM waits from now on. */
    synchronized void queued(UUID vmUuid, long bytes) {
        if (waitingBytes.merge(vmUuid, bytes, Long::sum) > MAX_VM_BYTES) {
            fullVms.add(vmUuid);
        }
        totalBytes += bytes;
        update();
    }

    /** It was carried out. */
    synchronized void done(UUID vmUuid, long bytes) {
        long waiting = waitingBytes.merge(vmUuid, -bytes, Long::sum);
        if (waiting == 0) {
            waitingBytes.remove(vmUuid);
        }
        if (waiting <= MAX_VM_BYTES / 2) {
            fullVms.remove(vmUuid);
        }
        totalBytes -= bytes;
        update();
    }

    /** Looks again at whether to read, after the lane got room. */
    synchronized void update() {
        // half a limit between stop and go, so that it does not flutter
        boolean go = lane.isWritable() && fullVms.isEmpty() && totalBytes <= (reading ? MAX_BYTES : MAX_BYTES / 2);
        if (go != reading) {
            reading = go;
            lane.setReading(go);
        }
    }
}
