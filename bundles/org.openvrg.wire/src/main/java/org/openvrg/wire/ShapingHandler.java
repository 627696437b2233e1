package org.openvrg.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * Holds frames back until the shared {@link BandwidthLimiter} lets them go, in order; only the first of a lane has a
 * place on the line, so that lanes share it evenly. What is held back is bounded by the lane's sender, who stops at its
 * high-water mark. Owns the buffers that it holds. One for each channel.
 */
final class ShapingHandler extends ChannelDuplexHandler {
    private final BandwidthLimiter limiter;
    private final Deque<Held> held = new ArrayDeque<>();

    private record Held(ByteBuf frame, ChannelPromise promise) {}

    ShapingHandler(BandwidthLimiter limiter) {
        this.limiter = limiter;
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        if (!(message instanceof ByteBuf frame)) {
            context.write(message, promise);
            return;
        }
        if (!held.isEmpty()) {
            held.add(new Held(frame, promise));
            return;
        }
        long waitNanos = limiter.reserve(frame.readableBytes(), System.nanoTime());
        if (waitNanos == 0) {
            context.write(frame, promise);
        } else {
            held.add(new Held(frame, promise));
            schedule(context, waitNanos);
        }
    }

    private void schedule(ChannelHandlerContext context, long waitNanos) {
        context.executor().schedule(() -> release(context), waitNanos, TimeUnit.NANOSECONDS);
    }

    /** Sends the first, and those behind it whose turn has come. */
    private void release(ChannelHandlerContext context) {
        long waitNanos = 0;
        while (waitNanos == 0 && !held.isEmpty()) {
            Held first = held.remove();
            context.write(first.frame(), first.promise());
            if (!held.isEmpty()) {
                waitNanos = limiter.reserve(held.element().frame().readableBytes(), System.nanoTime());
            }
        }
        context.flush();
        if (!held.isEmpty()) {
            schedule(context, waitNanos);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        drop();
        context.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        drop();
    }

    private void drop() {
        while (!held.isEmpty()) {
            Held one = held.remove();
            ReferenceCountUtil.release(one.frame());
            one.promise().tryFailure(new ClosedChannelException());
        }
    }
}
