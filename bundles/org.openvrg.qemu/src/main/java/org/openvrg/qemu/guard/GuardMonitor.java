package org.openvrg.qemu.guard;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/**
 * The guard's connection to one monitor, agreed on out-of-band execution and kept open: when it is needed the QEMU may
 * not be able to agree on anything. It sends {@code yank} and nothing else. One thread reads; any may yank.
 */
final class GuardMonitor implements AutoCloseable {
    private static final int MAX_LINE_BYTES = 1 << 20;
    private static final long RETRY_MILLIS = 1_000;
    private static final String AGREE =
            "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}," + "\"id\":\"guard-agree\"}\r\n";

    private final String endpoint;
    private final Optional<SSLContext> tls;
    private final Thread thread;
    private volatile boolean closed;
    private volatile Optional<Connection> agreed = Optional.empty();
    private volatile Optional<SocketChannel> open = Optional.empty();

    /** The bytes of a connection. */
    private record Connection(SocketChannel channel, Optional<SSLSocket> secure) {
        int read(byte[] target) throws IOException {
            return secure.isPresent()
                    ? secure.get().getInputStream().read(target)
                    : channel.read(ByteBuffer.wrap(target));
        }

        void write(String text) throws IOException {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            if (secure.isPresent()) {
                secure.get().getOutputStream().write(bytes);
                return;
            }
            ByteBuffer rest = ByteBuffer.wrap(bytes);
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
        }
    }

    GuardMonitor(String endpoint, Optional<SSLContext> tls) {
        this.endpoint = endpoint;
        this.tls = tls;
        this.thread = new Thread(this::run, "guard-" + endpoint);
        thread.setDaemon(true);
        thread.start();
    }

    /** Whether it could cut off right now. */
    boolean isReady() {
        return agreed.isPresent();
    }

    /** Asks the QEMU to cut a node off; false where there is no connection. */
    boolean yank(String node) {
        Optional<Connection> connection = agreed;
        if (connection.isEmpty()) {
            return false;
        }
        try {
            connection
                    .get()
                    .write("{\"exec-oob\":\"yank\",\"arguments\":{\"instances\":[{\"type\":\"block-node\","
                            + "\"node-name\":\"" + node + "\"}]},\"id\":\"guard-yank\"}\r\n");
            return true;
        } catch (IOException e) {
            Guard.say("the monitor " + endpoint + " took no yank: " + e.getMessage());
            return false;
        }
    }

    private void run() {
        while (!closed) {
            try (SocketChannel channel = channel()) {
                open = Optional.of(channel);
                serve(connect(channel));
            } catch (IOException e) {
                if (!closed && agreed.isPresent()) {
                    Guard.say("the monitor " + endpoint + " is gone: " + e.getMessage());
                }
            } finally {
                agreed = Optional.empty();
                open = Optional.empty();
            }
            if (!closed && !pause()) {
                return;
            }
        }
    }

    private boolean pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private SocketChannel channel() throws IOException {
        return Endpoint.parse(endpoint) instanceof InetSocketAddress
                ? SocketChannel.open()
                : SocketChannel.open(StandardProtocolFamily.UNIX);
    }

    private Connection connect(SocketChannel channel) throws IOException {
        SocketAddress address = Endpoint.parse(endpoint);
        if (address instanceof InetSocketAddress inet) {
            if (inet.isUnresolved()) {
                throw new IOException("its host name has no address");
            }
            channel.connect(inet);
            return new Connection(channel, tls.isPresent() ? Optional.of(secure(channel, inet)) : Optional.empty());
        }
        channel.connect(address);
        return new Connection(channel, Optional.empty());
    }

    private SSLSocket secure(SocketChannel channel, InetSocketAddress server) throws IOException {
        Socket plain = channel.socket();
        SSLSocket socket = (SSLSocket) tls.orElseThrow()
                .getSocketFactory()
                .createSocket(plain, server.getHostString(), server.getPort(), true);
        var parameters = socket.getSSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3"});
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.setUseClientMode(true);
        socket.startHandshake();
        return socket;
    }

    /** Agrees, and then reads until the end, because a QEMU whose answers nobody takes stops listening. */
    private void serve(Connection connection) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        byte[] buffer = new byte[4096];
        boolean greeted = false;
        for (int got = connection.read(buffer); got >= 0; got = connection.read(buffer)) {
            for (int i = 0; i < got; i++) {
                if (buffer[i] != '\n') {
                    line.write(buffer[i]);
                    continue;
                }
                String text = line.toString(StandardCharsets.UTF_8);
                line.reset();
                if (!greeted && text.contains("\"QMP\"")) {
                    greeted = true;
                    connection.write(AGREE);
                } else if (text.contains("\"guard-agree\"") && text.contains("\"return\"")) {
                    agreed = Optional.of(connection);
                    Guard.say("ready at " + endpoint);
                } else if (text.contains("\"guard-yank\"") && text.contains("\"error\"")) {
                    Guard.say("the monitor " + endpoint + " refused to yank: " + text.trim());
                }
            }
            if (line.size() > MAX_LINE_BYTES) {
                throw new IOException("it sent a line of more than " + MAX_LINE_BYTES + " bytes");
            }
        }
        throw new IOException("it closed the connection");
    }

    @Override
    public void close() {
        closed = true;
        Optional<SocketChannel> channel = open;
        try {
            if (channel.isPresent()) {
                channel.get().close();
            }
        } catch (IOException e) {
            Guard.say("the monitor " + endpoint + " can't be closed: " + e.getMessage());
        }
        thread.interrupt();
    }
}
