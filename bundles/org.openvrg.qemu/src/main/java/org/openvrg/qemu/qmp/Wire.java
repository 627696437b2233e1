package org.openvrg.qemu.qmp;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * The bytes of one connection. One thread reads, one writes; any may close, which ends what the others wait in,
 * connecting included.
 */
final class Wire {
    private final SocketChannel channel;
    private volatile Optional<SSLSocket> secure = Optional.empty();

    private Wire(SocketChannel channel) {
        this.channel = channel;
    }

    /** A socket of the right family, not yet connected. */
    static Wire unconnected(SocketAddress address) throws IOException {
        boolean tcp = address instanceof InetSocketAddress;
        return new Wire(tcp ? SocketChannel.open() : SocketChannel.open(StandardProtocolFamily.UNIX));
    }

    /** Connects, and goes over to TLS if wanted. */
    void connect(SocketAddress address, Optional<SSLContext> tls) throws IOException {
        if (address instanceof InetSocketAddress inet && inet.isUnresolved()) {
            throw new IOException("its host name has no address");
        }
        channel.connect(address);
        if (address instanceof InetSocketAddress) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        }
        if (tls.isPresent() && address instanceof InetSocketAddress inet) {
            secure = Optional.of(handshake(tls.get(), inet));
        }
    }

    private SSLSocket handshake(SSLContext context, InetSocketAddress server) throws IOException {
        Socket plain = channel.socket();
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

    /** Reads at least one byte; -1 at the end. */
    int read(byte[] target) throws IOException {
        Optional<SSLSocket> tls = secure;
        if (tls.isPresent()) {
            InputStream in = tls.get().getInputStream();
            return in.read(target);
        }
        return channel.read(ByteBuffer.wrap(target));
    }

    void write(byte[] source) throws IOException {
        Optional<SSLSocket> tls = secure;
        if (tls.isPresent()) {
            OutputStream out = tls.get().getOutputStream();
            out.write(source);
            return;
        }
        ByteBuffer rest = ByteBuffer.wrap(source);
        while (rest.hasRemaining()) {
            channel.write(rest);
        }
    }

    /** Closes the socket under TLS too, without TLS's farewell, which could wait for the other end. */
    void close() throws IOException {
        channel.close();
    }
}
