package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.ExportCatalog;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;
import org.openvrg.nbd.NbdSettings;

/**
 * One connection to the NBD server, from the greeting to its end, through the server's own pipeline. The first bytes
 * tell what the exports are like, in what pieces the client's bytes come, and whether these are taken as they are or
 * composed of options and requests with the right magic. In the latter case every reply is read as a client would.
 */
public final class NbdServerFuzz {
    private static final String NAME = "v";
    private static final int SIZE_BYTES = 16 * 1024;
    private static final long HEAP_BYTES = 48L << 20;
    /** Each costs heap of this test's own. */
    private static final int MOST_PIECES = 16 * 1024;

    private static final long DIRECT_BYTES = 64L << 10;
    private static final long MOST_PAYLOAD_BYTES = 2L * SIZE_BYTES;

    private final MemoryExport export;
    private final MemoryBudget budget;
    private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
    private final EmbeddedChannel channel;
    private final ByteBuf answers = Unpooled.buffer();
    private final Map<Long, RequestHeader> requests = new HashMap<>();
    private boolean garbage;

    private NbdServerFuzz(MemoryExport export) {
        this.export = export;
        NbdSettings settings = NbdSettings.loopback();
        Catalogs catalogs = new Catalogs(name -> {});
        catalogs.add(new OneExport(export));
        budget = new MemoryBudget(settings.limits().bytesInTotal());
        ServerContext context =
                new ServerContext(settings, catalogs, new Connections(settings), budget, Optional.empty());
        channel = new EmbeddedChannel(false, false);
        channel.config().setAllocator(allocator);
        ConnectionInitializer.addHandlers(channel.pipeline(), context);
    }

    private record OneExport(BlockExport export) implements ExportCatalog {
        @Override
        public Optional<BlockExport> find(String name) {
            return name.equals(NAME) ? Optional.of(export) : Optional.empty();
        }

        @Override
        public List<String> names() {
            return List.of(NAME);
        }

        @Override
        public AutoCloseable onRemoved(Consumer<String> listener) {
            return () -> {};
        }
    }

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Check.allocates(HEAP_BYTES, () -> one(new Input(data)));
    }

    private static void one(Input input) throws Exception {
        int mode = input.unsignedByte();
        int step = input.unsignedByte();
        MemoryExport export = new MemoryExport(NAME, SIZE_BYTES, (mode & 1) != 0, (mode & 2) != 0);
        export.failEvery((mode & 4) != 0 ? 3 : 0);
        NbdServerFuzz one = new NbdServerFuzz(export);
        boolean composed = (mode & 8) != 0;
        byte[] stream = composed ? one.compose(input) : input.rest();
        one.run(stream, step == 0 ? stream.length + 1 : Math.max(step, stream.length / MOST_PIECES), composed);
    }

    private byte[] compose(Input input) {
        ByteBuf out = Unpooled.buffer().writeInt(input.below(4));
        boolean options = true;
        while (!input.isEmpty()) {
            int kind = input.unsignedByte();
            if (kind == 255) {
                garbage = true;
                out.writeLong(-1);
                break;
            }
            if (options) {
                options = option(input, kind, out);
            } else {
                request(input, kind, out);
            }
        }
        return ByteBufUtil.getBytes(out);
    }

    /** Answers whether options may follow; the client need not be right about it. */
    private static boolean option(Input input, int kind, ByteBuf out) {
        int code = kind % 16;
        ByteBuf data = Unpooled.buffer();
        byte[] name = (kind & 16) == 0 ? NAME.getBytes(StandardCharsets.UTF_8) : input.bytes(input.unsignedByte());
        if ((kind & 32) != 0) {
            data.writeBytes(input.sized());
        } else if (code == Protocol.OPT_EXPORT_NAME) {
            data.writeBytes(name);
        } else if (code == Protocol.OPT_GO || code == Protocol.OPT_INFO) {
            data.writeInt(name.length).writeBytes(name);
            int count = input.below(5);
            data.writeShort(count);
            for (int i = 0; i < count; i++) {
                data.writeShort(input.below(5));
            }
        } else if (code == Protocol.OPT_SET_META_CONTEXT || code == Protocol.OPT_LIST_META_CONTEXT) {
            byte[] query = (kind & 64) == 0
                    ? Protocol.BASE_ALLOCATION.getBytes(StandardCharsets.UTF_8)
                    : input.bytes(input.unsignedByte());
            data.writeInt(name.length).writeBytes(name).writeInt(1);
            data.writeInt(query.length).writeBytes(query);
        }
        out.writeLong(Protocol.OPTION_MAGIC).writeInt(code).writeInt(data.readableBytes());
        out.writeBytes(data);
        return code != Protocol.OPT_EXPORT_NAME && code != Protocol.OPT_GO;
    }

    private void request(Input input, int kind, ByteBuf out) {
        int type = kind % 10;
        int flags = input.below(32);
        long offset = (kind & 64) == 0 ? input.unsignedShort() % SIZE_BYTES : input.longNumber();
        long length = (kind & 128) == 0 ? input.unsignedShort() % 4096 : Integer.toUnsignedLong(input.number());
        long cookie = 1L + requests.size();
        requests.put(cookie, new RequestHeader(flags, type, cookie, offset, length));
        out.writeInt(Protocol.REQUEST_MAGIC).writeShort(flags).writeShort(type);
        out.writeLong(cookie).writeLong(offset).writeInt((int) length);
        if (type == Protocol.CMD_WRITE) {
            byte[] payload = new byte[(int) Math.min(length, MOST_PAYLOAD_BYTES)];
            Arrays.fill(payload, (byte) kind);
            out.writeBytes(payload);
        }
    }

    private void run(byte[] stream, int step, boolean composed) throws Exception {
        channel.register();
        take(stream.length);
        for (int at = 0; at < stream.length && channel.isOpen(); at += step) {
            ByteBuf piece = Unpooled.wrappedBuffer(Arrays.copyOfRange(stream, at, Math.min(stream.length, at + step)));
            channel.writeInbound(piece);
            take(stream.length);
            if ((at / step) % 3 == 2) {
                export.complete();
                channel.runPendingTasks();
                take(stream.length);
            }
        }
        boolean wrongFlags =
                stream.length >= 4 && (Unpooled.wrappedBuffer(stream).getInt(0) & ~2) != 1;
        Check.that(!wrongFlags || (!channel.isOpen() && answers.writerIndex() == 18), "wrong client flags are heard");
        settle(stream.length);
        if (composed) {
            Check.that(!garbage || !channel.isOpen() || halfAWrite(), "the connection outlives a malformed byte");
            new Replies(answers, requests).read();
        }
        channel.finishAndReleaseAll();
        export.complete();
        channel.runPendingTasks();
        channel.finishAndReleaseAll();
        Check.equal(0L, budget.usedBytes(), "payload bytes that are still counted");
        Check.equal(0L, allocator.metric().usedDirectMemory(), "direct memory that is not freed");
        Check.equal(0L, allocator.metric().usedHeapMemory(), "heap buffers that are not freed");
    }

    /** A write that announces more than follows takes what comes next for its payload. */
    private boolean halfAWrite() {
        return requests.values().stream()
                .anyMatch(
                        request -> request.type() == Protocol.CMD_WRITE && request.lengthBytes() > MOST_PAYLOAD_BYTES);
    }

    /** Until nothing moves any more; each round completes requests that let others in. */
    private void settle(int streamBytes) {
        int before = -1;
        for (int round = 0; round < 1000 && before != answers.writerIndex(); round++) {
            before = answers.writerIndex();
            export.complete();
            channel.runPendingTasks();
            take(streamBytes);
        }
    }

    private void take(int streamBytes) {
        for (Object out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            ByteBuf buffer = (ByteBuf) out;
            answers.writeBytes(buffer);
            boolean freed = buffer.capacity() == 0 || buffer.release();
            Check.that(freed, "a buffer that was sent is held elsewhere");
        }
        long most = budget.usedBytes() + 4L * streamBytes + DIRECT_BYTES;
        long used = allocator.metric().usedDirectMemory();
        Check.that(used <= most, used + " bytes of direct memory are in use, " + most + " are accounted for");
        Check.that(channel.inboundMessages().isEmpty(), "a message falls out of the pipeline");
    }
}
