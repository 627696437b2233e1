package org.openvrg.api.failure;

/** The peer can't be reached, is not trusted, or breaks the protocol. */
public final class LinkException extends VrgException {
    private static final long serialVersionUID = 1L;

    /** Without a cause. */
    public LinkException(String message) {
        super("link.failed", message);
    }

    /** With the cause. */
    public LinkException(String message, Throwable cause) {
        super("link.failed", message, cause);
    }
}
