package org.openvrg.api.failure;

import java.util.Objects;

/**
 * Expected failures: one closed family with a stable code, mapped in one place each to NBD errors, link codes and REST
 * errors. The message is English, made for operators, and holds no path, class name or secret.
 */
public abstract sealed class VrgException extends Exception
        permits RequestException, StorageException, PlatformException, JournalException, LinkException {
    private static final long serialVersionUID = 1L;

    private final String code;

    /** Without a cause. */
    protected VrgException(String code, String message) {
        super(Objects.requireNonNull(message));
        this.code = Objects.requireNonNull(code);
    }

    /** With a cause. */
    protected VrgException(String code, String message, Throwable cause) {
        super(Objects.requireNonNull(message), cause);
        this.code = Objects.requireNonNull(code);
    }

    /** Stable code, lower case, for logs and metrics. */
    public String code() {
        return code;
    }
}
