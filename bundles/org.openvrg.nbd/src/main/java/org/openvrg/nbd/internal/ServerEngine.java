package org.openvrg.nbd.internal;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.block.ExportCatalog;
import org.openvrg.nbd.NbdSettings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The listening socket, its event loops and what they share; made, then closed once. Thread-safe. */
public final class ServerEngine {
    private static final Logger LOG = LoggerFactory.getLogger(ServerEngine.class);
    /** Event loops; each moves several GB/s, so more would only cost memory. */
    private static final int MAX_LOOPS = 4;
    /** Unsent replies at which a connection's requests are no longer read, and at which they are again. */
    private static final WriteBufferWaterMark UNSENT = new WriteBufferWaterMark(1 << 20, 4 << 20);

    private static final long CLOSE_SECONDS = 5;

    private final Catalogs catalogs;
    private final Connections connections;
    private final MemoryBudget budget;
    private final EventLoopGroup loops;
    private final Channel listener;

    private ServerEngine(
            Catalogs catalogs, Connections connections, MemoryBudget budget, EventLoopGroup loops, Channel listener) {
        this.catalogs = catalogs;
        this.connections = connections;
        this.budget = budget;
        this.loops = loops;
        this.listener = listener;
    }

    /** Binds and serves. */
    public static ServerEngine start(NbdSettings settings, Optional<SslContext> tls) throws IOException {
        Connections connections = new Connections(settings);
        Catalogs catalogs = new Catalogs(connections::closeExport);
        MemoryBudget budget = new MemoryBudget(settings.limits().bytesInTotal());
        ServerContext context = new ServerContext(settings, catalogs, connections, budget, tls);
        int threads = Math.min(MAX_LOOPS, Runtime.getRuntime().availableProcessors());
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(
                threads, new DefaultThreadFactory("vrg-nbd", true), NioIoHandler.newFactory());
        ChannelFuture bound = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, UNSENT)
                .childHandler(new ConnectionInitializer(context))
                .bind(new InetSocketAddress(settings.address(), settings.port()))
                .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            loops.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS);
            throw new IOException(
                    "the NBD server can't listen on " + settings.address() + " port " + settings.port(), bound.cause());
        }
        LOG.info("NBD server listens on {}, TLS {}", bound.channel().localAddress(), settings.tls());
        return new ServerEngine(catalogs, connections, budget, loops, bound.channel());
    }

    /** The port that is listened on. */
    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /** Open connections. */
    public int connectionCount() {
        return connections.count();
    }

    /** Payload bytes that are in memory for requests under way. */
    public long payloadBytes() {
        return budget.usedBytes();
    }

    /** Serves the exports of a catalog as well. */
    public void add(ExportCatalog catalog) {
        catalogs.add(catalog);
    }

    /** Serves them no more; their connections end. */
    public void remove(ExportCatalog catalog) {
        catalogs.remove(catalog);
    }

    /** Stops listening, ends all connections and waits a bounded time for the event loops. */
    public void close() {
        listener.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        connections.closeAll();
        catalogs.clear();
        boolean ended = loops.shutdownGracefully(0, CLOSE_SECONDS, TimeUnit.SECONDS)
                .awaitUninterruptibly(2 * CLOSE_SECONDS, TimeUnit.SECONDS);
        if (!ended) {
            LOG.warn("The NBD server's event loops did not end within {} s", 2 * CLOSE_SECONDS);
        }
    }
}
