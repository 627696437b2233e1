package org.openvrg.nbd.internal;

import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.flush.FlushConsolidationHandler;

/** Admits an accepted connection and gives it the handlers of the handshake. */
final class ConnectionInitializer extends ChannelInitializer<SocketChannel> {
    /** Replies that are gathered for one system call while requests are read. */
    private static final int FLUSH_AFTER_REPLIES = 64;

    private final ServerContext server;

    ConnectionInitializer(ServerContext server) {
        this.server = server;
    }

    @Override
    protected void initChannel(SocketChannel channel) {
        if (!server.connections().admit(channel)) {
            channel.close();
            return;
        }
        addHandlers(channel.pipeline(), server);
    }

    /** Makes a fresh pipeline one of the handshake. */
    static void addHandlers(ChannelPipeline pipeline, ServerContext server) {
        OptionDecoder decoder = new OptionDecoder();
        pipeline.addLast("flush", new FlushConsolidationHandler(FLUSH_AFTER_REPLIES, true))
                .addLast("options", decoder)
                .addLast("option replies", new OptionReplyEncoder())
                .addLast("negotiation", new NegotiationHandler(server, decoder));
    }
}
