package org.openvrg.wire;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import javax.net.ssl.SSLException;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.service.Identity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens and accepts lanes. Owns its event loops; thread-safe.
 *
 * <p>Listeners see a lane only once it stands, and then exactly one {@link LaneListener#opened} and, at its end, one
 * {@link LaneListener#closed}. Whether the peer is trusted is for the listener to decide from
 * {@link Lane#peerFingerprint}, before it heeds any message.
 */
public final class LaneTransport implements AutoCloseable {
    /** Length of the token that admits a clear lane. */
    public static final int TOKEN_BYTES = 32;

    private static final Logger LOG = LoggerFactory.getLogger(LaneTransport.class);
    private static final int BACKLOG = 64;
    private static final long CLOSE_DEADLINE_SECONDS = 5;

    private final LaneSettings settings;
    private final TlsContexts tls;
    private final BandwidthLimiter limiter;
    private final EventLoopGroup loops;
    private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private final AtomicInteger accepted = new AtomicInteger();

    /**
     * Starts the event loops.
     *
     * @param identity key and certificate that this side shows
     * @throws IllegalArgumentException when they do not make a TLS end
     */
    public LaneTransport(Identity identity, LaneSettings settings) {
        this.settings = settings;
        this.limiter = new BandwidthLimiter(settings.bandwidthLimitBytesPerSecond());
        try {
            this.tls = TlsContexts.of(identity);
        } catch (SSLException e) {
            throw new IllegalArgumentException("the identity's key and certificate can't be used for TLS", e);
        }
        this.loops = new MultiThreadIoEventLoopGroup(
                settings.eventLoopThreads(), new DefaultThreadFactory("vrg-lane", true), NioIoHandler.newFactory());
    }

    /**
     * Accepts lanes at an address, TLS and clear ones on the same port.
     *
     * @param address port 0 for a free one
     * @param clearLaneToken whether a token admits a clear lane; called on event loops, once for each attempt
     * @return the port
     * @throws LinkException when the address can't be bound
     */
    public int listen(InetSocketAddress address, LaneListener listener, Predicate<byte[]> clearLaneToken)
            throws LinkException {
        ChannelFuture bound = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(initializer(channel -> accept(channel, listener, clearLaneToken)))
                .bind(address)
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new LinkException(
                    "port " + address.getPort() + " of " + address.getHostString() + " can't be bound: "
                            + bound.cause().getMessage(),
                    bound.cause());
        }
        channels.add(bound.channel());
        return ((InetSocketAddress) bound.channel().localAddress()).getPort();
    }

    private void accept(Channel channel, LaneListener listener, Predicate<byte[]> clearLaneToken) {
        if (accepted.incrementAndGet() > settings.maxConnections()) {
            accepted.decrementAndGet();
            LOG.warn("connection of {} refused: {} stand already", channel.remoteAddress(), settings.maxConnections());
            channel.close();
            return;
        }
        channel.closeFuture().addListener(closed -> accepted.decrementAndGet());
        LaneSetup setup = new LaneSetup(channel, listener, settings, limiter, new CompletableFuture<>());
        setup.accept(tls.server(), clearLaneToken);
    }

    /**
     * Opens a TLS lane.
     *
     * @return the lane, which the listener has been told of then; or a {@link LinkException}
     */
    public CompletionStage<Lane> connect(InetSocketAddress address, LaneListener listener) {
        return dial(address, listener, setup -> setup.connect(tls.client()));
    }

    /**
     * Opens a clear lane.
     *
     * @param token of {@link #TOKEN_BYTES}, got from the peer over a TLS lane
     * @return the lane, which the listener has been told of then; or a {@link LinkException}
     */
    public CompletionStage<Lane> connectClear(InetSocketAddress address, byte[] token, LaneListener listener) {
        if (token.length != TOKEN_BYTES) {
            throw new IllegalArgumentException("a token has " + TOKEN_BYTES + " bytes, not " + token.length);
        }
        byte[] copy = token.clone();
        return dial(address, listener, setup -> setup.connectClear(copy));
    }

    private CompletionStage<Lane> dial(
            InetSocketAddress address, LaneListener listener, java.util.function.Consumer<LaneSetup> begin) {
        CompletableFuture<Lane> result = new CompletableFuture<>();
        if (loops.isShuttingDown()) {
            result.completeExceptionally(new LinkException("the transport is closed"));
            return result;
        }
        new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, settings.connectTimeoutMillis())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .handler(initializer(
                        channel -> begin.accept(new LaneSetup(channel, listener, settings, limiter, result))))
                .connect(address)
                .addListener(connected -> {
                    if (!connected.isSuccess()) {
                        result.completeExceptionally(
                                new LinkException(address + " can't be reached", connected.cause()));
                    }
                });
        return result;
    }

    private ChannelHandler initializer(java.util.function.Consumer<Channel> setup) {
        return new ChannelInitializer<Channel>() {
            @Override
            protected void initChannel(Channel channel) {
                channels.add(channel);
                setup.accept(channel);
            }
        };
    }

    /** Changes the limit over all lanes for what is sent from now on; 0 for none. */
    public void setBandwidthLimit(long bytesPerSecond) {
        if (bytesPerSecond < 0) {
            throw new IllegalArgumentException("a bandwidth limit is not negative: " + bytesPerSecond);
        }
        limiter.setLimit(bytesPerSecond);
    }

    /** Closes all lanes, telling their listeners, and ends the event loops; waits for that, within 5 s. */
    @Override
    public void close() {
        channels.close().awaitUninterruptibly(CLOSE_DEADLINE_SECONDS, TimeUnit.SECONDS);
        boolean ended = loops.shutdownGracefully(0, CLOSE_DEADLINE_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_DEADLINE_SECONDS, TimeUnit.SECONDS);
        if (!ended) {
            LOG.warn("event loops of the lanes did not end within {} s", CLOSE_DEADLINE_SECONDS);
        }
    }
}
