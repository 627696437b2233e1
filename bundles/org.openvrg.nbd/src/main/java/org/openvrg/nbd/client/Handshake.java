package org.openvrg.nbd.client;

import static org.openvrg.nbd.internal.Protocol.BASE_ALLOCATION;
import static org.openvrg.nbd.internal.Protocol.REP_ACK;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import javax.net.ssl.SSLContext;
import org.openvrg.api.failure.StorageException;
import org.openvrg.nbd.NbdLimits;
import org.openvrg.nbd.internal.Protocol;

/**
 * The client's half of the fixed newstyle handshake. Replies are bounded and must be of the form that the protocol
 * document gives them.
 */
final class Handshake {
    private static final int MAX_REPLY_BYTES = 64 << 10;
    private static final int MAX_REPLIES = 200_000;
    /** All replies to one option: a list of as many exports with names of usual length. */
    private static final long MAX_REPLIES_BYTES = 16L << 20;

    private final NbdTransport transport;

    Handshake(NbdTransport transport) {
        this.transport = transport;
    }

    /** One reply to an option. */
    private record Reply(int type, ByteBuffer data) {}

    /** What was agreed on. */
    record Outcome(long sizeBytes, int flags, int maxPayloadBytes, boolean structured, OptionalInt allocationContext) {}

    /** Greets, and starts TLS if wanted. */
    void greet(Optional<SSLContext> tls) throws IOException, StorageException {
        ByteBuffer greeting = ByteBuffer.allocate(18);
        transport.readFully(greeting);
        greeting.flip();
        if (greeting.getLong() != Protocol.NBD_MAGIC || greeting.getLong() != Protocol.OPTION_MAGIC) {
            throw new IOException("not an NBD server of the newstyle protocol");
        }
        int offered = greeting.getShort();
        if ((offered & Protocol.FLAG_FIXED_NEWSTYLE) == 0) {
            throw new IOException("the NBD server does not speak fixed newstyle");
        }
        int flags = Protocol.FLAG_FIXED_NEWSTYLE | (offered & Protocol.FLAG_NO_ZEROES);
        transport.writeFully(ByteBuffer.allocate(4).putInt(flags).flip());
        if (tls.isPresent()) {
            last(Protocol.OPT_STARTTLS, option(Protocol.OPT_STARTTLS, ByteBuffer.allocate(0)));
            transport.startTls(tls.get());
        }
    }

    /** The names of the exports. */
    List<String> list() throws IOException, StorageException {
        List<Reply> replies = option(Protocol.OPT_LIST, ByteBuffer.allocate(0));
        last(Protocol.OPT_LIST, replies);
        List<String> names = new ArrayList<>();
        for (Reply reply : replies) {
            if (reply.type() == Protocol.REP_SERVER) {
                ByteBuffer data = reply.data();
                need(data, 4);
                int length = data.getInt();
                need(data, length);
                names.add(StandardCharsets.UTF_8.decode(data.slice(4, length)).toString());
            }
        }
        return names;
    }

    /** Goes over to transmission. */
    Outcome go(String export) throws IOException, StorageException {
        return go(export, BASE_ALLOCATION);
    }

    /** Goes over to transmission, with the status of blocks from a metadata context. */
    Outcome go(String export, String metadata) throws IOException, StorageException {
        boolean structured = isAck(option(Protocol.OPT_STRUCTURED_REPLY, ByteBuffer.allocate(0)));
        OptionalInt allocation = structured ? context(export, metadata) : OptionalInt.empty();
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        ByteBuffer data = ByteBuffer.allocate(6 + name.length)
                .putInt(name.length)
                .put(name)
                .putShort((short) 0);
        List<Reply> replies = option(Protocol.OPT_GO, data.flip());
        last(Protocol.OPT_GO, replies);
        long size = -1;
        int flags = 0;
        int maxPayload = NbdLimits.MAX_PAYLOAD_BYTES;
        for (Reply reply : replies) {
            ByteBuffer info = reply.data();
            if (reply.type() != Protocol.REP_INFO) {
                continue;
            }
            need(info, 2);
            int kind = info.getShort();
            if (kind == Protocol.INFO_EXPORT) {
                need(info, 10);
                size = info.getLong();
                flags = Short.toUnsignedInt(info.getShort());
            } else if (kind == Protocol.INFO_BLOCK_SIZE) {
                need(info, 12);
                long most = Integer.toUnsignedLong(info.getInt(10));
                maxPayload = (int) Math.max(512, Math.min(maxPayload, most));
            }
        }
        if (size < 0) {
            throw new IOException("the NBD server did not tell the export's size");
        }
        return new Outcome(size, flags, maxPayload, structured, allocation);
    }

    private OptionalInt context(String export, String metadata) throws IOException {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        byte[] query = metadata.getBytes(StandardCharsets.UTF_8);
        ByteBuffer data = ByteBuffer.allocate(12 + name.length + query.length);
        data.putInt(name.length).put(name).putInt(1).putInt(query.length).put(query);
        List<Reply> replies = option(Protocol.OPT_SET_META_CONTEXT, data.flip());
        if (!isAck(replies)) {
            return OptionalInt.empty();
        }
        for (Reply reply : replies) {
            if (reply.type() == Protocol.REP_META_CONTEXT) {
                need(reply.data(), 4);
                return OptionalInt.of(reply.data().getInt());
            }
        }
        return OptionalInt.empty();
    }

    /** Sends an option; the replies up to the final one. */
    private List<Reply> option(int code, ByteBuffer data) throws IOException {
        ByteBuffer request = ByteBuffer.allocate(16 + data.remaining());
        request.putLong(Protocol.OPTION_MAGIC).putInt(code).putInt(data.remaining());
        transport.writeFully(request.put(data).flip());
        List<Reply> replies = new ArrayList<>();
        long bytes = 0;
        while (replies.size() < MAX_REPLIES && bytes <= MAX_REPLIES_BYTES) {
            ByteBuffer header = ByteBuffer.allocate(20);
            transport.readFully(header);
            header.flip();
            if (header.getLong() != Protocol.OPTION_REPLY_MAGIC || header.getInt() != code) {
                throw new IOException("the NBD server's reply is not one to option " + code);
            }
            int type = header.getInt();
            long length = Integer.toUnsignedLong(header.getInt());
            if (length > MAX_REPLY_BYTES) {
                throw new IOException("the NBD server's reply has " + length + " bytes");
            }
            ByteBuffer answer = ByteBuffer.allocate((int) length);
            transport.readFully(answer);
            bytes += length;
            replies.add(new Reply(type, answer.flip()));
            if (type == REP_ACK || type < 0) {
                return replies;
            }
        }
        throw new IOException("the NBD server replies without end");
    }

    private static boolean isAck(List<Reply> replies) {
        return replies.get(replies.size() - 1).type() == REP_ACK;
    }

    private static void last(int code, List<Reply> replies) throws StorageException {
        Reply last = replies.get(replies.size() - 1);
        if (last.type() == REP_ACK) {
            return;
        }
        String message = StandardCharsets.UTF_8.decode(last.data()).toString();
        StorageException.Kind kind =
                last.type() == Protocol.REP_ERR_UNKNOWN ? StorageException.Kind.PATH_WRONG : StorageException.Kind.IO;
        throw new StorageException(
                kind,
                "the NBD server refused option " + code + " with error " + (last.type() - Protocol.REP_ERROR_BIT)
                        + (message.isEmpty() ? "" : ": " + message));
    }

    private static void need(ByteBuffer data, int bytes) throws IOException {
        if (bytes < 0 || data.remaining() < bytes) {
            throw new IOException("the NBD server's reply is too short");
        }
    }
}
