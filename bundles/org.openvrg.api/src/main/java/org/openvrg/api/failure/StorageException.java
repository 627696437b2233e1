package org.openvrg.api.failure;

import java.util.Objects;

/** A volume can't be opened, read or written. */
public final class StorageException extends VrgException {
    private static final long serialVersionUID = 1L;

    private final Kind kind;

    /** What went wrong, with the NBD error and volume status that it maps to. */
    public enum Kind {
        /** No such volume, or it can't be opened there. */
        PATH_WRONG,
        /** No provider for the type. */
        TYPE_WRONG,
        /** Another gateway owns the volume. */
        OWNED_BY_OTHER,
        /** A range outside the volume. */
        OUT_OF_RANGE,
        /** The volume is read-only. */
        READ_ONLY,
        /** The storage has no space left. */
        NO_SPACE,
        /** The storage failed. */
        IO,
        /** The volume was closed. */
        CLOSED
    }

    /** With a message in English that names the volume and what would be right. */
    public StorageException(Kind kind, String message) {
        super("storage." + kind.name().toLowerCase(java.util.Locale.ROOT), message);
        this.kind = Objects.requireNonNull(kind);
    }

    /** With the cause. */
    public StorageException(Kind kind, String message, Throwable cause) {
        super("storage." + kind.name().toLowerCase(java.util.Locale.ROOT), message, cause);
        this.kind = Objects.requireNonNull(kind);
    }

    /** What went wrong. */
    public Kind kind() {
        return kind;
    }
}
