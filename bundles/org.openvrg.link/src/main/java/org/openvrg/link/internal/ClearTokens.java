package org.openvrg.link.internal;

import java.security.SecureRandom;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.openvrg.wire.LaneTransport;

/** Tokens that admit clear lanes: random, for one use, valid for a short time. Thread-safe. */
final class ClearTokens {
    static final long VALID_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** Most tokens that wait to be used. */
    static final int MAX_TOKENS = 64;

    private final SecureRandom random = new SecureRandom();
    private final LongSupplier nanoTime;
    private final Map<String, Long> issuedNanos = new HashMap<>();

    ClearTokens(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** A new one; no bytes when too many wait. */
    synchronized byte[] issue() {
        dropOld();
        if (issuedNanos.size() >= MAX_TOKENS) {
            return new byte[0];
        }
        byte[] token = new byte[LaneTransport.TOKEN_BYTES];
        random.nextBytes(token);
        issuedNanos.put(HexFormat.of().formatHex(token), nanoTime.getAsLong());
        return token;
    }

    /** Whether it admits a lane; it never does again. */
    synchronized boolean redeem(byte[] token) {
        dropOld();
        return issuedNanos.remove(HexFormat.of().formatHex(token)) != null;
    }

    /** Forgets all. */
    synchronized void clear() {
        issuedNanos.clear();
    }

    private void dropOld() {
        long now = nanoTime.getAsLong();
        issuedNanos.values().removeIf(issued -> now - issued > VALID_NANOS);
    }
}
