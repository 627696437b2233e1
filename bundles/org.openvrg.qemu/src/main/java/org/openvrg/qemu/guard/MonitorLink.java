package org.openvrg.qemu.guard;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/** The bytes between the guard and a monitor. One thread connects and reads, any writes or closes. */
interface MonitorLink extends AutoCloseable {
    /** The link to an {@link Endpoint}, not yet made. */
    static MonitorLink to(String endpoint, Optional<SSLContext> tls) throws IOException {
        Optional<List<String>> command = Endpoint.command(endpoint);
        return command.isPresent() ? new OfCommand(command.get()) : new OfSocket(Endpoint.parse(endpoint), tls);
    }

    /** Connects. */
    void connect() throws IOException;

    /** Reads at least one byte; -1 at the end. */
    int read(byte[] target) throws IOException;

    /** Writes all. */
    void write(byte[] bytes) throws IOException;

    /** Ends what the others wait in. */
    @Override
    void close() throws IOException;

    /** A Unix domain socket, or TCP with or without TLS. */
    final class OfSocket implements MonitorLink {
        private final SocketAddress address;
        private final Optional<SSLContext> tls;
        private final SocketChannel channel;
        /** Carries TLS: a channel's own socket has one lock for both directions. */
        private final Socket plain = new Socket();

        private volatile Optional<SSLSocket> secure = Optional.empty();

        OfSocket(SocketAddress address, Optional<SSLContext> tls) throws IOException {
            this.address = address;
            this.tls = tls;
            this.channel = address instanceof InetSocketAddress
                    ? SocketChannel.open()
                    : SocketChannel.open(StandardProtocolFamily.UNIX);
        }

        @Override
        public void connect() throws IOException {
            if (address instanceof InetSocketAddress inet && inet.isUnresolved()) {
                throw new IOException("its host name has no address");
            }
            if (tls.isPresent() && address instanceof InetSocketAddress inet) {
                plain.connect(inet);
                secure = Optional.of(secure(inet, tls.get()));
                return;
            }
            channel.connect(address);
        }

        private SSLSocket secure(InetSocketAddress server, SSLContext context) throws IOException {
            SSLSocket socket = (SSLSocket)
                    context.getSocketFactory().createSocket(plain, server.getHostString(), server.getPort(), true);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setProtocols(new String[] {"TLSv1.3"});
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.setUseClientMode(true);
            socket.startHandshake();
            return socket;
        }

        @Override
        public int read(byte[] target) throws IOException {
            Optional<SSLSocket> over = secure;
            return over.isPresent() ? over.get().getInputStream().read(target) : channel.read(ByteBuffer.wrap(target));
        }

        @Override
        public void write(byte[] bytes) throws IOException {
            Optional<SSLSocket> over = secure;
            if (over.isPresent()) {
                // a record for each byte: QEMU up to 7.2 forgets what its TLS holds of a record beyond the first
                for (byte each : bytes) {
                    over.get().getOutputStream().write(each);
                }
                return;
            }
            ByteBuffer rest = ByteBuffer.wrap(bytes);
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
            plain.close();
        }
    }

    /** The standard input and output of a program. */
    final class OfCommand implements MonitorLink {
        private final List<String> command;
        private Optional<Process> process = Optional.empty();
        private boolean closed;

        OfCommand(List<String> command) {
            this.command = command;
        }

        @Override
        public synchronized void connect() throws IOException {
            if (closed) {
                throw new IOException("closed before it was started");
            }
            process = Optional.of(new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start());
        }

        private synchronized Process started() throws IOException {
            return process.orElseThrow(() -> new IOException("not connected"));
        }

        @Override
        public int read(byte[] target) throws IOException {
            return started().getInputStream().read(target);
        }

        @Override
        public void write(byte[] bytes) throws IOException {
            Process child = started();
            child.getOutputStream().write(bytes);
            child.getOutputStream().flush();
        }

        @Override
        public synchronized void close() {
            closed = true;
            process.ifPresent(child -> {
                child.descendants().forEach(ProcessHandle::destroyForcibly);
                child.destroyForcibly();
            });
        }
    }
}
