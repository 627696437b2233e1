package org.openvrg.control.internal;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Live sessions, in memory: they end with the process. Thread-safe.
 *
 * <p>Only the SHA-256 of a token is kept. A session lives for a given time after its last use; a user has at most
 * {@link #MAX_PER_USER}, a further login ends the one that was used least recently.
 */
final class Sessions {
    /** Most sessions of one user. */
    static final int MAX_PER_USER = 64;

    /** Longest token that is looked at, in characters. */
    static final int MAX_TOKEN_CHARS = 128;

    private static final int TOKEN_BYTES = 32;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final SecureRandom random = new SecureRandom();
    private final long validityNanos;
    private final LongSupplier nanoTime;
    /** By hash of the token, the least recently used first. */
    private final Map<String, Session> sessions = new LinkedHashMap<>(16, 0.75f, true);

    private record Session(String user, long usedNanos) {}

    /**
     * Makes an empty set.
     *
     * @param nanoTime monotonic clock, so that a step of the wall clock neither ends nor prolongs a session
     */
    Sessions(long validityMillis, LongSupplier nanoTime) {
        this.validityNanos = validityMillis * NANOS_PER_MILLI;
        this.nanoTime = nanoTime;
    }

    /** Starts a session and returns its token. */
    synchronized String open(String user) {
        long now = nanoTime.getAsLong();
        sessions.values().removeIf(session -> isOver(session, now));
        while (sessions.values().stream().filter(s -> s.user().equals(user)).count() >= MAX_PER_USER) {
            String oldest = sessions.entrySet().stream()
                    .filter(entry -> entry.getValue().user().equals(user))
                    .findFirst()
                    .orElseThrow()
                    .getKey();
            sessions.remove(oldest);
        }
        byte[] bytes = new byte[TOKEN_BYTES];
        random.nextBytes(bytes);
        String token = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        sessions.put(hash(token), new Session(user, now));
        return token;
    }

    /** The user of a live session, whose time starts anew. */
    synchronized Optional<String> use(String token) {
        if (token.length() > MAX_TOKEN_CHARS) {
            return Optional.empty();
        }
        String key = hash(token);
        long now = nanoTime.getAsLong();
        Session session = sessions.get(key);
        if (session == null) {
            return Optional.empty();
        }
        if (isOver(session, now)) {
            sessions.remove(key);
            return Optional.empty();
        }
        sessions.put(key, new Session(session.user(), now));
        return Optional.of(session.user());
    }

    /** Ends a session; false when there is no live one. */
    synchronized boolean close(String token) {
        if (token.length() > MAX_TOKEN_CHARS) {
            return false;
        }
        Session session = sessions.remove(hash(token));
        return session != null && !isOver(session, nanoTime.getAsLong());
    }

    /** Ends all sessions of a user; returns how many there were. */
    synchronized int closeAll(String user) {
        int before = sessions.size();
        sessions.values().removeIf(session -> session.user().equals(user));
        return before - sessions.size();
    }

    synchronized int size() {
        return sessions.size();
    }

    private boolean isOver(Session session, long now) {
        return now - session.usedNanos() >= validityNanos;
    }

    private static String hash(String token) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
