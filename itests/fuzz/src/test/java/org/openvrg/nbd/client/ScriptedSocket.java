package org.openvrg.nbd.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.Set;

/** A connection whose other end has said everything beforehand and takes whatever is written. */
final class ScriptedSocket extends SocketChannel {
    private final ByteBuffer script;

    ScriptedSocket(byte[] script) {
        super(SelectorProvider.provider());
        this.script = ByteBuffer.wrap(script);
    }

    @Override
    public int read(ByteBuffer target) throws ClosedChannelException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
        int length = Math.min(target.remaining(), script.remaining());
        if (length == 0 && target.hasRemaining()) {
            return -1;
        }
        target.put(script.slice(script.position(), length));
        script.position(script.position() + length);
        return length;
    }

    @Override
    public int write(ByteBuffer source) throws ClosedChannelException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
        int length = source.remaining();
        source.position(source.limit());
        return length;
    }

    @Override
    public long read(ByteBuffer[] targets, int offset, int length) {
        throw new UnsupportedOperationException("not used by the client");
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) {
        throw new UnsupportedOperationException("not used by the client");
    }

    @Override
    public SocketChannel bind(SocketAddress local) {
        return this;
    }

    @Override
    public <T> SocketChannel setOption(SocketOption<T> name, T value) {
        return this;
    }

    @Override
    public <T> T getOption(SocketOption<T> name) {
        throw new UnsupportedOperationException("not used by the client");
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return Set.of();
    }

    @Override
    public SocketChannel shutdownInput() {
        return this;
    }

    @Override
    public SocketChannel shutdownOutput() {
        return this;
    }

    @Override
    public Socket socket() {
        return new Socket();
    }

    @Override
    public boolean isConnected() {
        return isOpen();
    }

    @Override
    public boolean isConnectionPending() {
        return false;
    }

    @Override
    public boolean connect(SocketAddress remote) {
        return true;
    }

    @Override
    public boolean finishConnect() {
        return true;
    }

    @Override
    public SocketAddress getRemoteAddress() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    }

    @Override
    public SocketAddress getLocalAddress() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 2);
    }

    @Override
    protected void implCloseSelectableChannel() {
        // nothing is held
    }

    @Override
    protected void implConfigureBlocking(boolean block) {
        // always as if blocking
    }
}
