package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.openvrg.nbd.NbdLimits;

/** One reply to an option; the data is small and on the heap. */
record OptionReply(int option, int type, byte[] data) {
    private static final int PREFERRED_BLOCK_BYTES = 4096;

    static OptionReply ack(int option) {
        return new OptionReply(option, Protocol.REP_ACK, new byte[0]);
    }

    /** An error, with a sentence for the user at the other side. */
    static OptionReply error(int option, int type, String message) {
        return new OptionReply(option, type, message.getBytes(StandardCharsets.UTF_8));
    }

    /** One name of the list of exports. */
    static OptionReply server(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        ByteBuf data = Unpooled.buffer(4 + bytes.length).writeInt(bytes.length).writeBytes(bytes);
        return new OptionReply(Protocol.OPT_LIST, Protocol.REP_SERVER, data.array());
    }

    /** Size and transmission flags. */
    static OptionReply infoExport(int option, long sizeBytes, int flags) {
        ByteBuf data = Unpooled.buffer(12).writeShort(Protocol.INFO_EXPORT);
        return new OptionReply(
                option,
                Protocol.REP_INFO,
                data.writeLong(sizeBytes).writeShort(flags).array());
    }

    /** A text, such as the name. */
    static OptionReply infoText(int option, int kind, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        ByteBuf data = Unpooled.buffer(2 + bytes.length).writeShort(kind).writeBytes(bytes);
        return new OptionReply(option, Protocol.REP_INFO, data.array());
    }

    /** Least 1, so that no client reads before it writes. */
    static OptionReply infoBlockSize(int option) {
        ByteBuf data = Unpooled.buffer(14).writeShort(Protocol.INFO_BLOCK_SIZE).writeInt(1);
        data.writeInt(PREFERRED_BLOCK_BYTES).writeInt(NbdLimits.MAX_PAYLOAD_BYTES);
        return new OptionReply(option, Protocol.REP_INFO, data.array());
    }

    /** The context that is served. */
    static OptionReply metaContext(int option) {
        byte[] name = Protocol.BASE_ALLOCATION.getBytes(StandardCharsets.UTF_8);
        ByteBuf data = Unpooled.buffer(4 + name.length)
                .writeInt(Protocol.BASE_ALLOCATION_ID)
                .writeBytes(name);
        return new OptionReply(option, Protocol.REP_META_CONTEXT, data.array());
    }
}
