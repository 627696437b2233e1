package org.openvrg.simulator;

/** A promise of the product was broken. */
public final class Violation extends Error {
    /** With what was broken. */
    public Violation(String message) {
        super(message);
    }

    /** With what was broken, and by which exception. */
    public Violation(String message, Throwable cause) {
        super(message, cause);
    }
}
