package org.openvrg.wire;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A lane on a Netty channel, the last handler of its pipeline. Counts itself what waits to be sent, from the call of
 * {@link #send} until the network took it, because frames that the bandwidth limit holds back are unknown to Netty.
 */
final class LaneChannel extends SimpleChannelInboundHandler<Message> implements Lane, LivenessHandler.Actions {
    private static final Logger LOG = LoggerFactory.getLogger(LaneChannel.class);

    /** How long a closing lane waits for what is queued to leave, and for the peer to close as well. */
    private static final int CLOSE_MILLIS = 1000;

    private final Channel channel;
    private final LaneListener listener;
    private final LaneSettings settings;
    private final LivenessHandler liveness;
    private final Optional<String> peerFingerprint;
    private final boolean encrypted;
    private final String remoteAddress;
    private final AtomicLong sentBytes;
    private final AtomicLong waitingBytes = new AtomicLong();
    private final AtomicBoolean choked = new AtomicBoolean();
    private final AtomicReference<Optional<String>> closeReason = new AtomicReference<>(Optional.empty());

    LaneChannel(
            Channel channel,
            LaneListener listener,
            LaneSettings settings,
            AtomicLong sentBytes,
            boolean encrypted,
            Optional<String> peerFingerprint) {
        super(Message.class);
        this.channel = channel;
        this.listener = listener;
        this.settings = settings;
        this.sentBytes = sentBytes;
        this.encrypted = encrypted;
        this.peerFingerprint = peerFingerprint;
        this.remoteAddress = channel.remoteAddress() instanceof InetSocketAddress address
                ? NetUtil.toSocketAddressString(address)
                : String.valueOf(channel.remoteAddress());
        this.liveness = new LivenessHandler(settings, this);
    }

    /** Tells the listener and begins to watch the peer; called on the event loop, first of all. */
    void open() {
        channel.pipeline().addFirst(liveness);
        liveness.start(channel);
        tell(() -> listener.opened(this));
    }

    @Override
    public boolean isOpen() {
        return closeReason.get().isEmpty() && channel.isActive();
    }

    @Override
    public boolean isWritable() {
        return isOpen() && waitingBytes.get() < settings.highWaterBytes();
    }

    @Override
    public void send(Message message) {
        if (!isOpen()) {
            return;
        }
        int bytes = Frame.estimateBytes(message);
        if (waitingBytes.addAndGet(bytes) >= settings.highWaterBytes()) {
            choked.set(true);
        }
        channel.writeAndFlush(message).addListener(sent -> {
            long left = waitingBytes.addAndGet(-bytes);
            if (!sent.isSuccess()) {
                sendFailed(sent.cause());
            } else if (left < settings.lowWaterBytes() && choked.compareAndSet(true, false)) {
                tell(() -> listener.writable(this));
            }
        });
    }

    private void sendFailed(Throwable cause) {
        if (cause instanceof IOException) {
            closeNow("sending failed: " + cause.getMessage());
        } else {
            LOG.error("lane {}: a message can't be sent", remoteAddress, cause);
            closeNow("a message can't be sent");
        }
    }

    @Override
    public void setReading(boolean reading) {
        if (!channel.isActive()) {
            return;
        }
        channel.eventLoop().execute(() -> {
            if (reading && !channel.config().isAutoRead()) {
                liveness.readingResumed();
            }
            channel.config().setAutoRead(reading);
        });
    }

    @Override
    public boolean encrypted() {
        return encrypted;
    }

    @Override
    public Optional<String> peerFingerprint() {
        return peerFingerprint;
    }

    @Override
    public String remoteAddress() {
        return remoteAddress;
    }

    @Override
    public long sentBytes() {
        return sentBytes.get();
    }

    @Override
    public void close(String reason) {
        if (closeReason.compareAndSet(Optional.empty(), Optional.of(reason)) && channel.isActive()) {
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(flushed -> endOutput());
            channel.eventLoop().schedule(() -> channel.close(), CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /**
     * Ends this side's direction only, and reads on until the peer ends its own: a socket that is closed with bytes
     * unread, be it a TLS session ticket, is reset, and the reset destroys what the peer has not read yet.
     */
    private void endOutput() {
        channel.config().setAutoRead(true);
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        ChannelFuture ended = tls == null ? channel.newSucceededFuture() : tls.closeOutbound();
        ended.addListener(closed -> ((DuplexChannel) channel).shutdownOutput());
    }

    private void closeNow(String reason) {
        closeReason.compareAndSet(Optional.empty(), Optional.of(reason));
        channel.close();
    }

    @Override
    public void idle() {
        if (isOpen()) {
            // past the frames that the bandwidth limit holds back
            ChannelHandlerContext shaping = channel.pipeline().context(ShapingHandler.class);
            io.netty.buffer.ByteBuf heartbeat = channel.alloc().ioBuffer(Frame.HEADER_BYTES + Long.BYTES);
            Frame.write(heartbeat, new Message.Heartbeat(System.currentTimeMillis()));
            sentBytes.addAndGet(heartbeat.readableBytes());
            shaping.writeAndFlush(heartbeat);
        }
    }

    @Override
    public void silent() {
        closeNow("nothing was heard for " + settings.peerTimeoutMillis() + " ms");
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Message message) {
        if (closeReason.get().isEmpty() && !(message instanceof Message.Heartbeat)) {
            tell(() -> listener.received(this, message));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        closeReason.compareAndSet(Optional.empty(), Optional.of("closed by the peer"));
        tell(() -> listener.closed(this, closeReason.get().orElse("")));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof DecoderException) {
            LOG.warn("lane {}: the peer breaks the protocol: {}", remoteAddress, cause.getMessage());
            closeNow("the peer breaks the protocol: " + cause.getMessage());
        } else if (cause instanceof IOException) {
            closeNow(String.valueOf(cause.getMessage()));
        } else {
            LOG.error("lane {}: unexpected failure", remoteAddress, cause);
            closeNow("unexpected failure");
        }
    }

    /** A listener that throws ends its lane, nothing else. */
    private void tell(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            LOG.error("lane {}: a listener failed", remoteAddress, e);
            closeNow("a listener failed");
        }
    }

    @Override
    public String toString() {
        return (encrypted ? "lane " : "clear lane ") + remoteAddress;
    }
}
