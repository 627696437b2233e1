package org.openvrg.rest.internal;

import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who did what from where: one line for each call, in a log of its own ({@link #NAME}). Thread-safe.
 *
 * <p>What came from a client is cut and in quotes; of it, all but printable ASCII, quotes and backslashes is written as
 * {@code \\uXXXX}, so that no value can end a line or forge another. Calls without a session are told only
 * {@link #MAX_STRANGERS} times a minute, so that a stranger can't push out of the log what users did; how many were left
 * out is told afterwards.
 */
final class AuditLog {
    /** Name of the logger. */
    static final String NAME = "org.openvrg.audit";

    /** Most lines a minute for calls without a session. */
    static final int MAX_STRANGERS = 600;

    private static final int MAX_VALUE_CHARS = 256;
    private static final int MAX_PRINTABLE = 126;
    private static final long MINUTE_NANOS = 60_000_000_000L;
    private static final Logger LOG = LoggerFactory.getLogger(NAME);

    private final LongSupplier nanoTime;
    private long minuteStart;
    private int strangers;
    private long leftOut;

    AuditLog(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.minuteStart = nanoTime.getAsLong();
    }

    /**
     * A call and what became of it.
     *
     * @param user of the session, or who wanted to log in; empty when unknown
     * @param stranger whether it was refused for want of a session
     * @param address of the client
     * @param path as it was sent, without the query
     * @param error {@code errorCode} of the answer, empty when it is 200
     * @param vmUuid the VM that a strategy is about
     */
    record Call(
            Optional<String> user,
            boolean stranger,
            String address,
            String method,
            String path,
            int status,
            Optional<String> error,
            Optional<String> vmUuid) {}

    /** Writes a line. */
    void write(Call call) {
        if (!admits(call.stranger())) {
            return;
        }
        LOG.info("{}", line(call));
    }

    private synchronized boolean admits(boolean stranger) {
        long now = nanoTime.getAsLong();
        if (now - minuteStart >= MINUTE_NANOS) {
            if (leftOut > 0) {
                LOG.warn("{} more calls without a session are left out", leftOut);
            }
            minuteStart = now;
            strangers = 0;
            leftOut = 0;
        }
        if (!stranger) {
            return true;
        }
        strangers++;
        if (strangers > MAX_STRANGERS) {
            leftOut++;
            return false;
        }
        return true;
    }

    /** The line of a call. */
    static String line(Call call) {
        return "user=" + call.user().map(AuditLog::quoted).orElse("-")
                + " from=" + quoted(call.address())
                + " method=" + quoted(call.method())
                + " path=" + quoted(call.path())
                + " status=" + call.status()
                + " errorCode=" + call.error().orElse("-")
                + call.vmUuid().map(vm -> " vmUuid=" + quoted(vm)).orElse("");
    }

    private static String quoted(String text) {
        StringBuilder safe = new StringBuilder("\"");
        for (int i = 0; i < Math.min(text.length(), MAX_VALUE_CHARS); i++) {
            char c = text.charAt(i);
            if (c < ' ' || c > MAX_PRINTABLE || c == '"' || c == '\\') {
                safe.append(String.format("\\u%04x", (int) c));
            } else {
                safe.append(c);
            }
        }
        return safe.append(text.length() > MAX_VALUE_CHARS ? "...\"" : "\"").toString();
    }
}
