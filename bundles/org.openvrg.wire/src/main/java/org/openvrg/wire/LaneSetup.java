package org.openvrg.wire;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import javax.net.ssl.SSLException;
import org.openvrg.api.failure.LinkException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a fresh channel to the point where it is a lane: TLS or clear preface, within the handshake timeout. Used on
 * the channel's event loop.
 *
 * <p>Pipeline of a lane, from the network: liveness, TLS (not on a clear lane), shaping, decoder, encoder, lane.
 */
final class LaneSetup {
    private static final Logger LOG = LoggerFactory.getLogger(LaneSetup.class);

    private final Channel channel;
    private final LaneListener listener;
    private final LaneSettings settings;
    private final BandwidthLimiter limiter;
    private final CompletableFuture<Lane> result;
    private final Guard guard = new Guard();

    LaneSetup(
            Channel channel,
            LaneListener listener,
            LaneSettings settings,
            BandwidthLimiter limiter,
            CompletableFuture<Lane> result) {
        this.channel = channel;
        this.listener = listener;
        this.settings = settings;
        this.limiter = limiter;
        this.result = result;
    }

    void connect(SslContext context) {
        begin();
        beginTls(context);
    }

    void connectClear(byte[] token) {
        begin();
        channel.pipeline().addFirst(new ClearPreface(token, () -> open(Optional.empty())));
    }

    void accept(SslContext context, Predicate<byte[]> tokens) {
        begin();
        channel.pipeline().addFirst(new PortUnifier(tokens, () -> beginTls(context), () -> open(Optional.empty())));
    }

    private void begin() {
        channel.pipeline().addLast(guard);
    }

    /** The time begins when the TCP connection stands. */
    private void startClock() {
        channel.eventLoop()
                .schedule(
                        () -> {
                            if (guard.context().isPresent()) {
                                fail(
                                        "no handshake within " + settings.handshakeTimeoutMillis() + " ms",
                                        Optional.empty());
                            }
                        },
                        settings.handshakeTimeoutMillis(),
                        TimeUnit.MILLISECONDS);
    }

    private void beginTls(SslContext context) {
        SslHandler handler = context.newHandler(channel.alloc());
        handler.setHandshakeTimeoutMillis(settings.handshakeTimeoutMillis());
        channel.pipeline().addBefore(guard.name(), "tls", handler);
        handler.handshakeFuture().addListener(done -> {
            if (!done.isSuccess()) {
                fail("TLS failed: " + done.cause().getMessage(), Optional.of(done.cause()));
                return;
            }
            try {
                open(Optional.of(TlsContexts.peerFingerprint(handler.engine().getSession())));
            } catch (SSLException e) {
                fail("the peer shows no certificate", Optional.of(e));
            }
        });
    }

    private void open(Optional<String> peerFingerprint) {
        if (!channel.isActive() || guard.context().isEmpty()) {
            return;
        }
        AtomicLong sentBytes = new AtomicLong();
        LaneChannel lane =
                new LaneChannel(channel, listener, settings, sentBytes, peerFingerprint.isPresent(), peerFingerprint);
        ChannelPipeline pipeline = channel.pipeline();
        pipeline.addLast(new ShapingHandler(limiter), new FrameDecoder(), new FrameEncoder(sentBytes), lane);
        pipeline.remove(guard);
        lane.open();
        result.complete(lane);
    }

    private void fail(String reason, Optional<Throwable> cause) {
        LOG.debug("connection with {} fails: {}", channel.remoteAddress(), reason, cause.orElse(null));
        result.completeExceptionally(new LinkException(reason, cause.orElse(null)));
        channel.close();
    }

    /** Stands at the end of the pipeline until the lane does, so that nothing that goes wrong before is lost. */
    private final class Guard extends ChannelInboundHandlerAdapter {
        private Optional<ChannelHandlerContext> context = Optional.empty();

        Optional<ChannelHandlerContext> context() {
            return context;
        }

        String name() {
            return context.orElseThrow().name();
        }

        @Override
        public void handlerAdded(ChannelHandlerContext added) {
            context = Optional.of(added);
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext removed) {
            context = Optional.empty();
        }

        @Override
        public void channelActive(ChannelHandlerContext active) {
            startClock();
            active.fireChannelActive();
        }

        @Override
        public void channelInactive(ChannelHandlerContext inactive) {
            fail("the peer closed the connection during the handshake", Optional.empty());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext failed, Throwable cause) {
            fail(String.valueOf(cause.getMessage()), Optional.of(cause));
        }
    }
}
