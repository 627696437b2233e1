package org.openvrg.api.failure;

import java.util.Objects;

/** A request of a management layer that can't be carried out. */
public final class RequestException extends VrgException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode error;
    private final String english;
    private final String chinese;

    /**
     * With {@code errorDes} in both languages.
     *
     * @param english names the field, its value and what would be right
     * @param chinese the same in simplified Chinese
     */
    public RequestException(ErrorCode error, String english, String chinese) {
        super("request." + error.name().toLowerCase(java.util.Locale.ROOT), english);
        this.error = Objects.requireNonNull(error);
        this.english = english;
        this.chinese = Objects.requireNonNull(chinese);
    }

    /** The contract's error. */
    public ErrorCode error() {
        return error;
    }

    /** {@code errorDes} in English. */
    public String english() {
        return english;
    }

    /** {@code errorDes} in simplified Chinese. */
    public String chinese() {
        return chinese;
    }
}
