package org.openvrg.qemu.wire;

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
import jdk.net.ExtendedSocketOptions;

/** A Unix domain socket, or TCP with or without TLS. */
final class SocketWire implements Wire {
    /** The guard's connections say nothing for months, and firewalls forget such ones after minutes. */
    private static final int KEEP_IDLE_SECONDS = 30;

    private final SocketAddress address;
    private final Optional<SSLContext> tls;
    private final boolean bytewise;
    private final SocketChannel channel;
    /** Carries TLS: over a channel's own socket, which has one lock for both directions, a read would hold up writes. */
    private final Socket plain = new Socket();

    private volatile Optional<SSLSocket> secure = Optional.empty();

    /**
     * A socket of the right family, not yet connected.
     *
     * @param bytewise whether each byte gets a TLS record of its own
     */
    SocketWire(SocketAddress address, Optional<SSLContext> tls, boolean bytewise) throws IOException {
        this.address = address;
        this.tls = tls;
        this.bytewise = bytewise;
        this.channel = address instanceof InetSocketAddress
                ? SocketChannel.open()
                : SocketChannel.open(StandardProtocolFamily.UNIX);
    }

    /** Connects, and goes over to TLS if wanted. */
    @Override
    public void connect() throws IOException {
        if (address instanceof InetSocketAddress inet && inet.isUnresolved()) {
            throw new IOException("its host name has no address");
        }
        if (tls.isPresent() && address instanceof InetSocketAddress inet) {
            plain.connect(inet);
            plain.setTcpNoDelay(true);
            plain.setKeepAlive(true);
            plain.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, KEEP_IDLE_SECONDS);
            secure = Optional.of(handshake(tls.get(), inet));
            return;
        }
        channel.connect(address);
        if (address instanceof InetSocketAddress) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
            channel.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, KEEP_IDLE_SECONDS);
        }
    }

    private SSLSocket handshake(SSLContext context, InetSocketAddress server) throws IOException {
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
        if (over.isPresent()) {
            InputStream in = over.get().getInputStream();
            return in.read(target);
        }
        return channel.read(ByteBuffer.wrap(target));
    }

    @Override
    public void write(byte[] source) throws IOException {
        Optional<SSLSocket> over = secure;
        if (over.isPresent()) {
            OutputStream out = over.get().getOutputStream();
            if (!bytewise) {
                out.write(source);
                return;
            }
            // QEMU's monitor reads single bytes, and up to 7.2 forgets what its TLS holds of a record beyond the first
            for (byte each : source) {
                out.write(each);
            }
            return;
        }
        ByteBuffer rest = ByteBuffer.wrap(source);
        while (rest.hasRemaining()) {
            channel.write(rest);
        }
    }

    /** Closes the socket under TLS too, without TLS's farewell, which could wait for the other end. */
    @Override
    public void close() throws IOException {
        channel.close();
        plain.close();
    }
}
