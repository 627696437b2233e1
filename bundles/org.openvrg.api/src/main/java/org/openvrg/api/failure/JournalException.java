package org.openvrg.api.failure;

/** A journal is full, damaged, or failed for good. */
public final class JournalException extends VrgException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    /** What went wrong. */
    public enum Kind {
        /** The limit in bytes is reached; nothing was written. */
        FULL,
        /** A write or a sync failed; this journal takes no more records. */
        FAILED,
        /** A record does not pass its checks. */
        DAMAGED,
        /** The wanted records were trimmed or never written. */
        NOT_RETAINED
    }

    /** Without a cause. */
    public JournalException(Kind kind, String message) {
        super("journal." + kind.name().toLowerCase(java.util.Locale.ROOT), message);
        this.kind = kind;
    }

    /** With the cause. */
    public JournalException(Kind kind, String message, Throwable cause) {
        super("journal." + kind.name().toLowerCase(java.util.Locale.ROOT), message, cause);
        this.kind = kind;
    }

    /** What went wrong. */
    public Kind kind() {
        return kind;
    }
}
