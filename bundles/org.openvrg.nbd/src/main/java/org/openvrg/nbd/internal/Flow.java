package org.openvrg.nbd.internal;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.RejectedExecutionException;
import org.openvrg.nbd.NbdLimits;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much one connection has under way, and the brake: when a limit is reached its bytes are not read any more, so
 * that TCP slows the client down. Used on the connection's event loop, but for {@link #giveBack}.
 */
final class Flow {
    private static final Logger LOG = LoggerFactory.getLogger(Flow.class);

    private final ChannelHandlerContext ctx;
    private final EventExecutor loop;
    private final NbdLimits limits;
    private final MemoryBudget budget;
    private final Runnable retry;
    private Runnable decode = () -> {};
    private int requests;
    private long bytes;
    private boolean paused;
    private boolean ended;

    Flow(ChannelHandlerContext ctx, NbdLimits limits, MemoryBudget budget) {
        this.ctx = ctx;
        this.loop = ctx.executor();
        this.limits = limits;
        this.budget = budget;
        this.retry = () -> onLoop(this::resume);
    }

    /** What goes on decoding after a pause. */
    void onResume(Runnable action) {
        decode = action;
    }

    /** Takes a request and its memory; false: stop decoding, the same request is tried again later. */
    boolean admit(long neededBytes) {
        boolean room = !ended
                && ctx.channel().isWritable()
                && requests < limits.requestsPerConnection()
                && bytes + neededBytes <= limits.bytesPerConnection();
        if (!room || (neededBytes > 0 && !budget.reserve(neededBytes, retry))) {
            paused = true;
            ctx.channel().config().setAutoRead(false);
            return false;
        }
        requests++;
        bytes += neededBytes;
        return true;
    }

    /** A request's reply has been sent, or can't be. */
    void answered() {
        requests--;
        resume();
    }

    /** Memory was given back; any thread. */
    void giveBack(long freedBytes) {
        if (freedBytes == 0) {
            return;
        }
        budget.release(freedBytes);
        onLoop(() -> {
            bytes -= freedBytes;
            resume();
        });
    }

    /** Nothing more is admitted. */
    void end() {
        ended = true;
        ctx.channel().config().setAutoRead(false);
    }

    /** Whether all requests have been answered. */
    boolean isIdle() {
        return requests == 0;
    }

    /** Goes on after a pause, if there was one; whether there is room is found out by the next request. */
    void resume() {
        if (paused && !ended) {
            paused = false;
            ctx.channel().config().setAutoRead(true);
            decode.run();
        }
    }

    private void onLoop(Runnable action) {
        if (loop.inEventLoop()) {
            action.run();
            return;
        }
        try {
            loop.execute(action);
        } catch (RejectedExecutionException e) {
            LOG.debug("The server is closed, and with it this connection: nothing is left to count", e);
        }
    }
}
