package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.TimeUnit;

/**
 * Sees the bytes next to the network and so knows when the peer was last heard and when something was last sent. Any
 * byte counts, so a long frame on a slow network keeps a lane alive. While this side does not read it can't judge the
 * peer, and doesn't. One for each channel; its state belongs to the event loop.
 */
final class LivenessHandler extends ChannelDuplexHandler {
    private final LaneSettings settings;
    private final Actions actions;
    private Ticker clock = Ticker.systemTicker();
    private long heardNanos;
    private long sentNanos;
    private Future<?> ticks;

    /** What follows. */
    interface Actions {
        /** Nothing was sent for the heartbeat interval. */
        void idle();

        /** Nothing was heard for the peer timeout. */
        void silent();
    }

    LivenessHandler(LaneSettings settings, Actions actions) {
        this.settings = settings;
        this.actions = actions;
    }

    /** Begins to watch, once the lane stands. */
    void start(Channel channel) {
        clock = channel.eventLoop().ticker();
        heardNanos = clock.nanoTime();
        sentNanos = heardNanos;
        long tickMillis = Math.max(1, settings.heartbeatIntervalMillis() / 4);
        ticks = channel.eventLoop()
                .scheduleAtFixedRate(() -> tick(channel), tickMillis, tickMillis, TimeUnit.MILLISECONDS);
    }

    /** Forgets the silence of a time in which nothing was read. */
    void readingResumed() {
        heardNanos = clock.nanoTime();
    }

    private void tick(Channel channel) {
        long now = clock.nanoTime();
        long tickMillis = Math.max(1, settings.heartbeatIntervalMillis() / 4);
        long idleMillis = TimeUnit.NANOSECONDS.toMillis(now - sentNanos);
        if (channel.config().isAutoRead()
                && TimeUnit.NANOSECONDS.toMillis(now - heardNanos) >= settings.peerTimeoutMillis()) {
            actions.silent();
        } else if (idleMillis + tickMillis > settings.heartbeatIntervalMillis()) {
            actions.idle();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        heardNanos = clock.nanoTime();
        context.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (message instanceof ByteBuf bytes && bytes.isReadable()) {
            sentNanos = clock.nanoTime();
        }
        context.write(message, promise);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        stop();
        context.fireChannelInactive();
    }

    private void stop() {
        if (ticks != null) {
            ticks.cancel(false);
        }
    }
}
