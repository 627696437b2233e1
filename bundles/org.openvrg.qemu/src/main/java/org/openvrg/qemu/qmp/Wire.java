package org.openvrg.qemu.qmp;

import java.io.IOException;

/**
 * The bytes of one connection. One thread connects and reads, one writes; any may close, which ends what the others wait
 * in, connecting included.
 */
interface Wire {
    /** A connection of the right kind, not yet made. */
    static Wire unconnected(QmpAddress address) throws IOException {
        return address.socket() instanceof CommandAddress through
                ? new CommandWire(through.command())
                : new SocketWire(address.socket(), address.tls());
    }

    /** Connects. */
    void connect() throws IOException;

    /** Reads at least one byte; -1 at the end. */
    int read(byte[] target) throws IOException;

    /** Writes all. */
    void write(byte[] source) throws IOException;

    /** Closes; waits for nothing. */
    void close() throws IOException;
}
