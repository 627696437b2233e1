package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries requests out on the export and answers them as they complete, in whatever order. Buffers live until the
 * export is done with them, even when the connection is gone. An expected failure is answered with its error; an
 * unchecked one ends the connection. Lives on one event loop, which completions come back to.
 */
final class TransmissionHandler extends SimpleChannelInboundHandler<Request> {
    /** Most extents of one BLOCK_STATUS reply. */
    static final int MAX_EXTENTS = 8192;

    private static final Logger LOG = LoggerFactory.getLogger(TransmissionHandler.class);

    private final Session session;
    private final BlockExport export;
    private final Flow flow;
    private boolean disconnecting;

    TransmissionHandler(Session session, Flow flow) {
        super(Request.class);
        this.session = session;
        this.export = session.export();
        this.flow = flow;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, Request request) {
        RequestHeader header = request.header();
        if (request.error() != Protocol.OK) {
            answer(ctx, failure(header, request.error(), "the request is not in order"));
            return;
        }
        boolean fua = header.has(Protocol.CMD_FLAG_FUA);
        long offset = header.offsetBytes();
        long length = header.lengthBytes();
        switch (header.type()) {
            case Protocol.CMD_READ -> read(ctx, request);
            case Protocol.CMD_WRITE -> write(ctx, request, fua);
            case Protocol.CMD_DISC -> disconnect(ctx);
            case Protocol.CMD_FLUSH -> perform(ctx, header, export::flush);
            case Protocol.CMD_TRIM -> perform(ctx, header, () -> export.trim(offset, length, fua));
            case Protocol.CMD_WRITE_ZEROES -> {
                boolean mayUnmap = !header.has(Protocol.CMD_FLAG_NO_HOLE);
                perform(ctx, header, () -> export.zero(offset, length, mayUnmap, fua));
            }
            case Protocol.CMD_BLOCK_STATUS -> blockStatus(ctx, header);
            case Protocol.CMD_CACHE -> answer(ctx, SimpleReply.of(header.cookie(), Protocol.OK));
            default -> throw new IllegalStateException("a command that the rules let pass: " + header.type());
        }
    }

    private void read(ChannelHandlerContext ctx, Request request) {
        RequestHeader header = request.header();
        int length = (int) header.lengthBytes();
        ByteBuf target = ctx.alloc().directBuffer(length, length);
        Runnable discard = () -> {
            target.release();
            flow.giveBack(request.reservedBytes());
        };
        finish(
                ctx,
                header,
                () -> export.read(header.offsetBytes(), target.nioBuffer(0, length)),
                done -> {
                    ByteBuf data = target.writerIndex(length);
                    Object reply = session.structured()
                            ? new Chunk.Data(header.cookie(), header.offsetBytes(), data)
                            : new SimpleReply(header.cookie(), Protocol.OK, data);
                    ctx.writeAndFlush(reply).addListener(sent -> {
                        flow.giveBack(request.reservedBytes());
                        answered(ctx);
                    });
                },
                discard);
    }

    private void write(ChannelHandlerContext ctx, Request request, boolean forceUnitAccess) {
        LentPayload payload = new LentPayload(request.payload(), () -> flow.giveBack(request.reservedBytes()));
        perform(ctx, request.header(), () -> {
            try {
                return export.write(request.header().offsetBytes(), payload, forceUnitAccess);
            } catch (RuntimeException e) {
                payload.releaseIfHeld();
                throw e;
            }
        });
    }

    private void blockStatus(ChannelHandlerContext ctx, RequestHeader header) {
        finish(
                ctx,
                header,
                () -> export.extents(header.offsetBytes(), header.lengthBytes()),
                extents -> {
                    List<BlockExtent> told =
                            extentsToTell(extents, header.lengthBytes(), header.has(Protocol.CMD_FLAG_REQ_ONE));
                    if (told.isEmpty()) {
                        answer(ctx, failure(header, Protocol.EIO, "the allocation is not known"));
                    } else {
                        answer(ctx, new Chunk.Status(header.cookie(), told));
                    }
                },
                () -> {});
    }

    /** Neighbours of one kind as one, cut at the end of the request, at most {@link #MAX_EXTENTS}. */
    static List<BlockExtent> extentsToTell(List<BlockExtent> extents, long lengthBytes, boolean one) {
        List<BlockExtent> told = new ArrayList<>();
        long left = lengthBytes;
        for (BlockExtent extent : extents) {
            if (left == 0) {
                break;
            }
            long length = Math.min(left, extent.lengthBytes());
            left -= length;
            int last = told.size() - 1;
            if (last >= 0
                    && told.get(last).hole() == extent.hole()
                    && told.get(last).zero() == extent.zero()) {
                length += told.remove(last).lengthBytes();
            } else if ((one && last >= 0) || told.size() == MAX_EXTENTS) {
                break;
            }
            told.add(new BlockExtent(length, extent.hole(), extent.zero()));
        }
        return told;
    }

    /** Carries out a command that is answered without data. */
    private void perform(ChannelHandlerContext ctx, RequestHeader header, Supplier<CompletionStage<Void>> command) {
        finish(ctx, header, command, done -> answer(ctx, SimpleReply.of(header.cookie(), Protocol.OK)), () -> {});
    }

    /**
     * Carries out a command.
     *
     * @param onSuccess answers, on the event loop
     * @param discard frees what the command used, when it failed or there is nobody left to answer
     */
    private <T> void finish(
            ChannelHandlerContext ctx,
            RequestHeader header,
            Supplier<CompletionStage<T>> command,
            Consumer<T> onSuccess,
            Runnable discard) {
        CompletionStage<T> stage;
        try {
            stage = command.get();
        } catch (RuntimeException e) {
            stage = CompletableFuture.failedFuture(e);
        }
        stage.whenComplete((value, failure) -> {
            Runnable then = () -> {
                if (failure != null) {
                    discard.run();
                    fail(ctx, header, NbdErrors.unwrap(failure));
                } else if (ctx.isRemoved()) {
                    // the encoders are gone with the connection: nobody would free the reply's data
                    discard.run();
                } else {
                    onSuccess.accept(value);
                }
            };
            if (ctx.executor().inEventLoop()) {
                then.run();
                return;
            }
            try {
                ctx.executor().execute(then);
            } catch (RejectedExecutionException e) {
                LOG.debug("Export {} completed a request after the server was closed", export.name(), e);
                discard.run();
            }
        });
    }

    private void fail(ChannelHandlerContext ctx, RequestHeader header, Throwable failure) {
        if (failure instanceof StorageException) {
            LOG.debug("Export {}: command {} failed", export.name(), header.type(), failure);
            answer(ctx, failure(header, NbdErrors.of(failure), failure.getMessage()));
        } else {
            LOG.error("Export {}: command {} failed unexpectedly", export.name(), header.type(), failure);
            answered(ctx);
            ctx.close();
        }
    }

    /** READ and BLOCK_STATUS are answered in chunks once these are agreed on, all else simply. */
    private Object failure(RequestHeader header, int error, String message) {
        boolean chunk = session.structured()
                && (header.type() == Protocol.CMD_READ || header.type() == Protocol.CMD_BLOCK_STATUS);
        return chunk ? new Chunk.Failure(header.cookie(), error, message) : SimpleReply.of(header.cookie(), error);
    }

    private void answer(ChannelHandlerContext ctx, Object reply) {
        ctx.writeAndFlush(reply).addListener(sent -> answered(ctx));
    }

    private void answered(ChannelHandlerContext ctx) {
        flow.answered();
        closeWhenIdle(ctx);
    }

    private void disconnect(ChannelHandlerContext ctx) {
        disconnecting = true;
        flow.end();
        answered(ctx);
    }

    private void closeWhenIdle(ChannelHandlerContext ctx) {
        if (disconnecting && flow.isIdle()) {
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        NegotiationHandler.close(ctx, cause);
    }
}
