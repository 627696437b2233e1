package org.openvrg.simulator;

/** Unwinds the stack of a process that was killed; an error, so that no code of the product takes it for a failure. */
final class Death extends Error {
    Death(String process) {
        super(process + " is dead", null, false, false);
    }
}
