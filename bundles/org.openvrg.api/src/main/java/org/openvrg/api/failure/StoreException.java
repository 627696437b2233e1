package org.openvrg.api.failure;

/**
 * The durable configuration can't be read or written: its disk is full or broken, or something else holds it. Nothing
 * was changed. Unchecked, because any use of the configuration may meet it and none can mend it; the message may hold
 * the path of the database and never leaves the appliance.
 */
public final class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With what the database said. */
    public StoreException(String message, Throwable cause) {
        super(message, cause);
    }
}
