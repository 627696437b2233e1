package org.openvrg.api.failure;

/** A hypervisor can't be reached or refuses. */
public final class PlatformException extends VrgException {
    private static final long serialVersionUID = 1L;

    /** With a message in English that names the VM or disk and what would be right. */
    public PlatformException(String message) {
        super("platform.failed", message);
    }

    /** With the cause. */
    public PlatformException(String message, Throwable cause) {
        super("platform.failed", message, cause);
    }
}
