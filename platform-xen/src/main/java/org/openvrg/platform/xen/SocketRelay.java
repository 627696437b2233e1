package org.openvrg.platform.xen;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Unix domain socket of this machine whose connections are each carried on by a command of their own, to a socket of
 * another machine. Thread-safe.
 */
final class SocketRelay implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SocketRelay.class);
    /** Two for each disk of a domain: one that reads, one that reads a dirty bitmap. */
    static final int MAX_CONNECTIONS = 80;

    private static final int BUFFER_BYTES = 64 << 10;

    private final Path socket;
    private final List<String> command;
    private final ServerSocketChannel server;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * Listens.
     *
     * @param socket replaced if it is there
     * @param command carries its standard input and output on
     */
    SocketRelay(Path socket, List<String> command) throws IOException {
        this.socket = socket;
        this.command = List.copyOf(command);
        Files.deleteIfExists(socket);
        this.server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        daemon("accept", this::accept);
    }

    private void daemon(String what, Runnable work) {
        Thread thread = new Thread(work, "vrg-xen-relay-" + what + "-" + socket.getFileName());
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!closed) {
            try {
                SocketChannel client = server.accept();
                if (connections.size() >= MAX_CONNECTIONS) {
                    LOG.warn(
                            "The relay {} has {} connections and takes no more", socket.getFileName(), MAX_CONNECTIONS);
                    client.close();
                } else {
                    serve(client);
                }
            } catch (IOException e) {
                if (!closed) {
                    LOG.warn("The relay {} failed: {}", socket.getFileName(), e.getMessage());
                }
                return;
            }
        }
    }

    private void serve(SocketChannel client) throws IOException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            Connection connection = new Connection(client, process);
            connections.add(connection);
            if (closed) {
                connection.end();
            }
            daemon("to", connection::carryThere);
            daemon("from", connection::carryBack);
        } catch (IOException e) {
            LOG.warn("The relay {} can't run {}: {}", socket.getFileName(), command.get(0), e.getMessage());
            client.close();
        }
    }

    /** One connection; either side's end is the end of both. */
    private final class Connection {
        private final SocketChannel client;
        private final Process process;

        Connection(SocketChannel client, Process process) {
            this.client = client;
            this.process = process;
        }

        void carryThere() {
            byte[] buffer = new byte[BUFFER_BYTES];
            try (OutputStream out = process.getOutputStream()) {
                for (int got = read(buffer); got >= 0; got = read(buffer)) {
                    out.write(buffer, 0, got);
                    out.flush();
                }
            } catch (IOException e) {
                LOG.debug("A connection of the relay {} ended: {}", socket.getFileName(), e.getMessage());
            } finally {
                end();
            }
        }

        private int read(byte[] buffer) throws IOException {
            return client.read(ByteBuffer.wrap(buffer));
        }

        void carryBack() {
            byte[] buffer = new byte[BUFFER_BYTES];
            try (InputStream in = process.getInputStream()) {
                for (int got = in.read(buffer); got >= 0; got = in.read(buffer)) {
                    ByteBuffer rest = ByteBuffer.wrap(buffer, 0, got);
                    while (rest.hasRemaining()) {
                        client.write(rest);
                    }
                }
            } catch (IOException e) {
                LOG.debug("A connection of the relay {} ended: {}", socket.getFileName(), e.getMessage());
            } finally {
                end();
            }
        }

        void end() {
            connections.remove(this);
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            try {
                client.close();
            } catch (IOException e) {
                LOG.debug("A connection of the relay {} can't be closed: {}", socket.getFileName(), e.getMessage());
            }
        }
    }

    @Override
    public void close() throws IOException {
        closed = true;
        server.close();
        connections.forEach(Connection::end);
        Files.deleteIfExists(socket);
    }
}
