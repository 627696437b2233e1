package org.openvrg.nbd.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** The bytes of one connection: a socket channel, or TLS over its socket. Used by one thread at a time. */
final class NbdTransport implements AutoCloseable {
    /** Bytes that are copied at once between a buffer and TLS. */
    private static final int COPY_BYTES = 64 << 10;

    private final SocketChannel channel;
    private ByteChannel bytes;

    /** Over a channel that is connected. */
    NbdTransport(SocketChannel channel) {
        this.channel = channel;
        this.bytes = channel;
    }

    /** Connects over TCP or a Unix domain socket. */
    static NbdTransport connect(SocketAddress address) throws IOException {
        SocketChannel channel = SocketChannel.open(address);
        if (address instanceof InetSocketAddress) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        return new NbdTransport(channel);
    }

    /** Goes on in TLS, as the client. */
    void startTls(SSLContext context) throws IOException {
        Socket plain = channel.socket();
        SSLSocket secure = (SSLSocket) context.getSocketFactory()
                .createSocket(plain, plain.getInetAddress().getHostAddress(), plain.getPort(), true);
        secure.setEnabledProtocols(new String[] {"TLSv1.3"});
        secure.setUseClientMode(true);
        secure.startHandshake();
        bytes = new TlsChannel(secure);
    }

    void readFully(ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (bytes.read(target) < 0) {
                throw new IOException("the NBD server closed the connection");
            }
        }
    }

    void writeFully(ByteBuffer source) throws IOException {
        while (source.hasRemaining()) {
            bytes.write(source);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /** The streams of a TLS socket as a channel. */
    private static final class TlsChannel implements ByteChannel {
        private final SSLSocket socket;
        private final InputStream in;
        private final OutputStream out;

        TlsChannel(SSLSocket socket) throws IOException {
            this.socket = socket;
            this.in = socket.getInputStream();
            this.out = socket.getOutputStream();
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            byte[] copy = new byte[Math.min(COPY_BYTES, target.remaining())];
            int length = in.read(copy);
            if (length > 0) {
                target.put(copy, 0, length);
            }
            return length;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            byte[] copy = new byte[Math.min(COPY_BYTES, source.remaining())];
            source.get(copy);
            out.write(copy);
            return copy.length;
        }

        @Override
        public boolean isOpen() {
            return !socket.isClosed();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
