package org.openvrg.network.internal;

import java.io.IOException;
import java.util.List;

/** Runs commands of the operating system to their end, in bounded time and never through a shell. */
@FunctionalInterface
interface CommandRunner {
    /**
     * Runs a command.
     *
     * @param command program and arguments
     * @return what it wrote to standard output
     * @throws IOException when it can't be started, fails, or takes too long; the message holds what it said
     */
    String run(List<String> command) throws IOException;
}
