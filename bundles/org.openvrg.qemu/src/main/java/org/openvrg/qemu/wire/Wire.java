package org.openvrg.qemu.wire;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;

/**
 * The bytes of one connection to a monitor. One thread connects and reads, any writes, one at a time; any may close, which ends what the others wait
 * in, connecting included.
 */
public interface Wire extends AutoCloseable {
    /** A Unix domain socket, or TCP with or without TLS, not yet connected. */
    static Wire ofSocket(SocketAddress address, Optional<SSLContext> tls) throws IOException {
        return new SocketWire(address, tls, true);
    }

    /** TCP with TLS to what is no monitor, not yet connected. */
    static Wire ofServer(InetSocketAddress address, SSLContext tls) throws IOException {
        return new SocketWire(address, Optional.of(tls), false);
    }

    /** The standard input and output of a program, not yet started. */
    static Wire ofCommand(List<String> command) {
        return new CommandWire(command);
    }

    /** Connects. */
    void connect() throws IOException;

    /** Reads at least one byte; -1 at the end. */
    int read(byte[] target) throws IOException;

    /** Writes all. */
    void write(byte[] source) throws IOException;

    /** Closes; waits for nothing. */
    @Override
    void close() throws IOException;
}
