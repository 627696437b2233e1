package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.CorruptedFrameException;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.block.BlockExport;
import org.openvrg.nbd.TlsMode;
import org.openvrg.nbd.internal.OptionData.MalformedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The handshake: greets, answers options, and at GO or EXPORT_NAME puts the handlers of transmission in its own place.
 * STARTTLS forgets everything said before, as the protocol document demands, and refuses bytes sent along with it,
 * which would be read as if they had come encrypted. Lives on one event loop.
 *
 * <pre>
 * greeting:    | "NBDMAGIC" 8 | "IHAVEOPT" 8 | handshake flags 2 |
 * EXPORT_NAME: | size 8 | transmission flags 2 | zeroes 124, unless declined |
 * </pre>
 */
final class NegotiationHandler extends SimpleChannelInboundHandler<Object> {
    private static final Logger LOG = LoggerFactory.getLogger(NegotiationHandler.class);

    private final ServerContext server;
    private final OptionDecoder decoder;
    private boolean noZeroes;
    private boolean encrypted;
    private boolean structured;
    /** Name for which the allocation context was set. */
    private Optional<String> allocationOf = Optional.empty();

    private Optional<Future<?>> timeout = Optional.empty();
    private boolean over;

    NegotiationHandler(ServerContext server, OptionDecoder decoder) {
        this.server = server;
        this.decoder = decoder;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        ByteBuf greeting = ctx.alloc().buffer(18).writeLong(Protocol.NBD_MAGIC).writeLong(Protocol.OPTION_MAGIC);
        greeting.writeShort(Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES);
        ctx.writeAndFlush(greeting);
        long millis = server.settings().limits().handshakeMillis();
        timeout = Optional.of(ctx.executor()
                .schedule(
                        () -> {
                            LOG.warn(
                                    "No handshake from {} within {} ms",
                                    ctx.channel().remoteAddress(),
                                    millis);
                            ctx.close();
                        },
                        millis,
                        TimeUnit.MILLISECONDS));
        ctx.fireChannelActive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        timeout.ifPresent(pending -> pending.cancel(false));
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, Object message) {
        if (over) {
            return;
        }
        if (message instanceof ClientFlags flags) {
            noZeroes = flags.noZeroes();
        } else if (message instanceof Option option) {
            answer(ctx, option);
        }
    }

    private void answer(ChannelHandlerContext ctx, Option option) {
        int code = option.code();
        if (server.settings().tls() == TlsMode.REQUIRED && !encrypted && !isAllowedInClear(code)) {
            if (code == Protocol.OPT_EXPORT_NAME) {
                throw new CorruptedFrameException("EXPORT_NAME before TLS, which is required");
            }
            reply(ctx, OptionReply.error(code, Protocol.REP_ERR_TLS_REQD, "this server requires TLS"));
            return;
        }
        try {
            switch (code) {
                case Protocol.OPT_EXPORT_NAME -> exportName(ctx, option);
                case Protocol.OPT_ABORT -> abort(ctx);
                case Protocol.OPT_LIST -> list(ctx, option);
                case Protocol.OPT_STARTTLS -> startTls(ctx, option);
                case Protocol.OPT_INFO, Protocol.OPT_GO -> info(ctx, option);
                case Protocol.OPT_STRUCTURED_REPLY -> structuredReply(ctx, option);
                case Protocol.OPT_LIST_META_CONTEXT, Protocol.OPT_SET_META_CONTEXT -> contexts(ctx, option);
                default -> reply(ctx, OptionReply.error(code, Protocol.REP_ERR_UNSUP, "no such option here"));
            }
        } catch (MalformedException e) {
            if (code == Protocol.OPT_EXPORT_NAME) {
                throw new CorruptedFrameException("EXPORT_NAME: " + e.getMessage());
            }
            reply(ctx, OptionReply.error(code, Protocol.REP_ERR_INVALID, e.getMessage()));
        }
    }

    private static boolean isAllowedInClear(int code) {
        return code == Protocol.OPT_STARTTLS || code == Protocol.OPT_ABORT;
    }

    private void exportName(ChannelHandlerContext ctx, Option option) throws MalformedException {
        String name = OptionData.exportName(option.data());
        BlockExport export = server.catalogs()
                .resolve(name)
                .orElseThrow(() -> new CorruptedFrameException("EXPORT_NAME of an export that is not there"));
        int padding = noZeroes ? 0 : Protocol.EXPORT_NAME_PADDING_BYTES;
        long sizeBytes = export.sizeBytes();
        ByteBuf answer = ctx.alloc().buffer(10 + padding).writeLong(sizeBytes);
        answer.writeShort(Session.flags(export, structured)).writeZero(padding);
        ctx.writeAndFlush(answer);
        transmit(ctx, name, export, sizeBytes);
    }

    private void abort(ChannelHandlerContext ctx) {
        over = true;
        ctx.writeAndFlush(OptionReply.ack(Protocol.OPT_ABORT)).addListener(ChannelFutureListener.CLOSE);
    }

    private void list(ChannelHandlerContext ctx, Option option) throws MalformedException {
        refuseData(option);
        server.catalogs().names().forEach(name -> ctx.write(OptionReply.server(name)));
        reply(ctx, OptionReply.ack(Protocol.OPT_LIST));
    }

    private void startTls(ChannelHandlerContext ctx, Option option) throws MalformedException {
        refuseData(option);
        if (encrypted) {
            throw new MalformedException("TLS is spoken already");
        }
        if (server.tls().isEmpty()) {
            reply(ctx, OptionReply.error(option.code(), Protocol.REP_ERR_POLICY, "TLS is switched off here"));
            return;
        }
        if (decoder.hasMoreBytes()) {
            throw new CorruptedFrameException("bytes in clear after STARTTLS");
        }
        reply(ctx, OptionReply.ack(option.code()));
        ctx.pipeline().addFirst("tls", server.tls().get().newHandler(ctx.alloc()));
        encrypted = true;
        structured = false;
        allocationOf = Optional.empty();
    }

    private void info(ChannelHandlerContext ctx, Option option) throws MalformedException {
        OptionData.InfoRequest request = OptionData.info(option.data());
        int code = option.code();
        Optional<BlockExport> found = server.catalogs().resolve(request.name());
        if (found.isEmpty()) {
            reply(ctx, OptionReply.error(code, Protocol.REP_ERR_UNKNOWN, "no export of that name"));
            return;
        }
        BlockExport export = found.get();
        long sizeBytes = export.sizeBytes();
        ctx.write(OptionReply.infoExport(code, sizeBytes, Session.flags(export, structured)));
        Set<Integer> kinds = request.kinds();
        if (kinds.contains(Protocol.INFO_NAME)) {
            ctx.write(OptionReply.infoText(code, Protocol.INFO_NAME, export.name()));
        }
        if (kinds.contains(Protocol.INFO_DESCRIPTION)) {
            ctx.write(OptionReply.infoText(code, Protocol.INFO_DESCRIPTION, "VRG volume " + export.name()));
        }
        if (kinds.contains(Protocol.INFO_BLOCK_SIZE)) {
            ctx.write(OptionReply.infoBlockSize(code));
        }
        reply(ctx, OptionReply.ack(code));
        if (code == Protocol.OPT_GO) {
            transmit(ctx, request.name(), export, sizeBytes);
        }
    }

    private void structuredReply(ChannelHandlerContext ctx, Option option) throws MalformedException {
        refuseData(option);
        structured = true;
        reply(ctx, OptionReply.ack(option.code()));
    }

    private void contexts(ChannelHandlerContext ctx, Option option) throws MalformedException {
        boolean set = option.code() == Protocol.OPT_SET_META_CONTEXT;
        if (set) {
            allocationOf = Optional.empty();
        }
        OptionData.ContextRequest request = OptionData.contexts(option.data());
        if (!structured) {
            throw new MalformedException("contexts need STRUCTURED_REPLY first");
        }
        if (server.catalogs().resolve(request.name()).isEmpty()) {
            reply(ctx, OptionReply.error(option.code(), Protocol.REP_ERR_UNKNOWN, "no export of that name"));
            return;
        }
        boolean wanted = request.queries().contains(Protocol.BASE_ALLOCATION)
                || (!set && (request.queries().isEmpty() || request.queries().contains("base:")));
        if (wanted) {
            ctx.write(OptionReply.metaContext(option.code()));
            if (set) {
                allocationOf = Optional.of(request.name());
            }
        }
        reply(ctx, OptionReply.ack(option.code()));
    }

    private static void refuseData(Option option) throws MalformedException {
        if (option.data().length > 0) {
            throw new MalformedException("this option has no data");
        }
    }

    private static void reply(ChannelHandlerContext ctx, OptionReply reply) {
        ctx.writeAndFlush(reply);
    }

    private void transmit(ChannelHandlerContext ctx, String asked, BlockExport export, long sizeBytes) {
        over = true;
        boolean allocation = structured && allocationOf.equals(Optional.of(asked));
        Session session = new Session(export, sizeBytes, structured, allocation);
        server.connections().attach(ctx.channel(), export.name());
        if (server.catalogs().resolve(export.name()).isEmpty()) {
            LOG.info(
                    "Export {} went away during the handshake of {}",
                    export.name(),
                    ctx.channel().remoteAddress());
            ctx.close();
            return;
        }
        LOG.info(
                "Export {} is used by {}{}",
                export.name(),
                ctx.channel().remoteAddress(),
                encrypted ? " over TLS" : " in clear");
        Flow flow = new Flow(ctx, server.settings().limits(), server.budget());
        ctx.pipeline()
                .addLast("chunks", new ChunkEncoder())
                .addLast("simple replies", new SimpleReplyEncoder())
                .addLast("requests", new RequestDecoder(session, flow))
                .addLast("transmission", new TransmissionHandler(session, flow));
        ctx.pipeline().remove(OptionReplyEncoder.class);
        ctx.pipeline().remove(this);
        // last: hands the bytes that it still holds to the request decoder
        ctx.pipeline().remove(decoder);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        close(ctx, cause);
    }

    /** Ends a connection, telling why. */
    static void close(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            LOG.debug("Connection from {} broke", ctx.channel().remoteAddress(), cause);
        } else {
            LOG.warn("Closing the connection from {}: {}", ctx.channel().remoteAddress(), cause.toString());
        }
        ctx.close();
    }
}
