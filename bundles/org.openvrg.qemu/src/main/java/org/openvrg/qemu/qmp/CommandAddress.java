package org.openvrg.qemu.qmp;

import java.net.SocketAddress;
import java.util.List;

/**
 * A monitor that is reached through a program, which carries its standard input and output to it: {@code socat} on
 * another host, started by {@code ssh} for example.
 */
final class CommandAddress extends SocketAddress {
    private static final long serialVersionUID = 1L;

    private final transient List<String> command;

    CommandAddress(List<String> command) {
        this.command = List.copyOf(command);
        if (this.command.isEmpty()) {
            throw new IllegalArgumentException("a command has at least one word");
        }
    }

    List<String> command() {
        return command;
    }
}
