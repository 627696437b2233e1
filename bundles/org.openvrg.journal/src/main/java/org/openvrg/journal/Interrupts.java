package org.openvrg.journal;

/** File channels close under a thread that is interrupted: the flag is taken away before I/O and put back after it. */
final class Interrupts {
    private Interrupts() {}

    /** Sets the flag of this thread again if it was set. */
    static void restore(boolean interrupted) {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
