package org.openvrg.nbd.internal;

import io.netty.buffer.ByteBuf;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.openvrg.fuzz.Check;

/** Reads what the server sent as a client would, from the greeting on: every reply has its form and its request. */
final class Replies {
    private static final int GREETING_BYTES = 18;

    private final ByteBuf in;
    private final Map<Long, RequestHeader> requests;
    private final Set<Long> answered = new HashSet<>();
    private boolean named;

    Replies(ByteBuf in, Map<Long, RequestHeader> requests) {
        this.in = in;
        this.requests = requests;
    }

    void read() {
        Check.that(in.readableBytes() >= GREETING_BYTES, "a greeting");
        Check.equal(Protocol.NBD_MAGIC, in.readLong(), "magic");
        Check.equal(Protocol.OPTION_MAGIC, in.readLong(), "option magic");
        Check.equal((short) 3, in.readShort(), "handshake flags");
        while (in.isReadable()) {
            Check.that(in.readableBytes() >= 10, "half a reply is sent");
            if (in.getLong(in.readerIndex()) == Protocol.OPTION_REPLY_MAGIC) {
                option();
            } else if (in.getInt(in.readerIndex()) == Protocol.SIMPLE_REPLY_MAGIC) {
                simple();
            } else if (in.getInt(in.readerIndex()) == Protocol.STRUCTURED_REPLY_MAGIC) {
                chunk();
            } else {
                exportName();
            }
        }
    }

    private void option() {
        in.skipBytes(12);
        int type = in.readInt();
        int length = in.readInt();
        Check.that(type != 0 && length >= 0 && length <= in.readableBytes(), "an option reply with its data");
        in.skipBytes(length);
    }

    private void exportName() {
        Check.that(!named, "something is sent that is no reply");
        named = true;
        long size = in.readLong();
        Check.that(size > 0 && size < 1 << 20, "size of the export");
        Check.that((in.readShort() & Protocol.SEND_HAS_FLAGS) != 0, "transmission flags");
        int zeroes = 0;
        while (zeroes < Protocol.EXPORT_NAME_PADDING_BYTES && in.isReadable() && in.getByte(in.readerIndex()) == 0) {
            in.skipBytes(1);
            zeroes++;
        }
        Check.that(zeroes == 0 || zeroes == Protocol.EXPORT_NAME_PADDING_BYTES, "padding");
    }

    private void simple() {
        in.skipBytes(4);
        int error = in.readInt();
        RequestHeader request = request(in.readLong());
        if (error == Protocol.OK && request.type() == Protocol.CMD_READ) {
            Check.that(in.readableBytes() >= request.lengthBytes(), "data of a read");
            in.skipBytes((int) request.lengthBytes());
        }
    }

    private void chunk() {
        in.skipBytes(4);
        int flags = in.readUnsignedShort();
        int type = in.readUnsignedShort();
        RequestHeader request = request(in.readLong());
        int length = in.readInt();
        Check.equal(Protocol.CHUNK_FLAG_DONE, flags, "flags of a chunk");
        Check.that(length >= 0 && length <= in.readableBytes(), "a chunk with its data");
        if (type == Protocol.CHUNK_OFFSET_DATA) {
            Check.equal(Protocol.CMD_READ, request.type(), "request of data");
            Check.equal(request.offsetBytes(), in.getLong(in.readerIndex()), "offset of data");
            Check.equal(request.lengthBytes(), length - 8L, "length of data");
        } else if (type == Protocol.CHUNK_BLOCK_STATUS) {
            Check.equal(Protocol.CMD_BLOCK_STATUS, request.type(), "request of a status");
            long told = 0;
            for (int at = 4; at < length; at += 8) {
                told += in.getUnsignedInt(in.readerIndex() + at);
            }
            Check.that(told > 0 && told <= request.lengthBytes(), "a status within its request");
        } else {
            Check.equal(Protocol.CHUNK_ERROR, type, "type of a chunk");
        }
        in.skipBytes(length);
    }

    private RequestHeader request(long cookie) {
        RequestHeader request = requests.get(cookie);
        Check.that(request != null, "an answer to a request that was not made");
        Check.that(answered.add(cookie), "a request is answered twice");
        return request;
    }
}
