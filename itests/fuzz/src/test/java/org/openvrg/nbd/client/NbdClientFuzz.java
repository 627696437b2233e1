package org.openvrg.nbd.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;
import org.openvrg.nbd.internal.Protocol;

/**
 * The NBD client on a server that says what it likes. Either the whole connection is taken as it is, or the handshake
 * is right and only the replies to requests are hostile.
 */
public final class NbdClientFuzz {
    private static final long HEAP_BYTES = 48L << 20;
    private static final int SIZE_BYTES = 8192;

    private NbdClientFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Check.allocates(HEAP_BYTES, () -> one(new Input(data)));
    }

    private static void one(Input input) {
        int mode = input.unsignedByte();
        int calls = input.unsignedByte();
        ScriptedSocket socket = new ScriptedSocket(script(input, mode));
        try (NbdTransport transport = new NbdTransport(socket)) {
            talk(transport, mode, calls);
        } catch (IOException | StorageException e) {
            Check.that(e.getMessage() != null && !e.getMessage().isEmpty(), "a failure says what it is");
        }
        Check.that(!socket.isOpen(), "the connection is closed");
    }

    /** What the server sends: as it is, or with the right magics in front of what the input says. */
    private static byte[] script(Input input, int mode) {
        if ((mode & 1) == 0) {
            return input.rest();
        }
        ByteBuffer out = ByteBuffer.allocate(64 * 1024 + input.remaining() * 24);
        if ((mode & 2) == 0) {
            out.putLong(Protocol.NBD_MAGIC).putLong(Protocol.OPTION_MAGIC).putShort((short) 3);
            int[] codes = (mode & 4) == 0
                    ? new int[] {Protocol.OPT_STRUCTURED_REPLY, Protocol.OPT_SET_META_CONTEXT, Protocol.OPT_GO}
                    : new int[] {Protocol.OPT_LIST};
            for (int code : codes) {
                options(input, code, out);
            }
        }
        long cookie = 0;
        while (!input.isEmpty() && out.remaining() > 1024) {
            int kind = input.unsignedByte();
            cookie += (kind & 16) != 0 ? 0 : 1;
            reply(input, kind, cookie, out);
        }
        byte[] script = new byte[out.position()];
        out.flip().get(script);
        return script;
    }

    private static void options(Input input, int code, ByteBuffer out) {
        boolean more = true;
        while (more && out.remaining() > 1024) {
            int kind = input.unsignedByte();
            int type =
                    switch (kind & 7) {
                        case 0, 1, 2 -> Protocol.REP_ACK;
                        case 3 -> Protocol.REP_SERVER;
                        case 4 -> Protocol.REP_INFO;
                        case 5 -> Protocol.REP_META_CONTEXT;
                        case 6 -> Protocol.REP_ERR_UNSUP;
                        default -> input.number();
                    };
            byte[] bytes = input.bytes((kind & 8) == 0 ? 12 : input.unsignedByte());
            out.putLong(Protocol.OPTION_REPLY_MAGIC).putInt(code).putInt(type);
            out.putInt(bytes.length).put(bytes);
            more = type > 0 && type != Protocol.REP_ACK;
        }
    }

    private static void reply(Input input, int kind, long cookie, ByteBuffer out) {
        if ((kind & 1) == 0) {
            out.putInt(Protocol.SIMPLE_REPLY_MAGIC).putInt((kind & 2) == 0 ? 0 : input.unsignedByte());
            out.putLong(cookie);
            out.put(new byte[(kind & 4) == 0 ? 0 : 512]);
            return;
        }
        byte[] bytes = input.bytes(input.below(64));
        int type = (kind & 8) == 0 ? input.below(8) : Protocol.CHUNK_ERROR;
        out.putInt(Protocol.STRUCTURED_REPLY_MAGIC)
                .putShort((short) (kind >> 1 & 1))
                .putShort((short) type);
        out.putLong(cookie)
                .putInt((kind & 32) == 0 ? bytes.length : input.number())
                .put(bytes);
    }

    private static void talk(NbdTransport transport, int mode, int calls) throws IOException, StorageException {
        Handshake handshake = new Handshake(transport);
        Handshake.Outcome outcome;
        if ((mode & 3) == 3) {
            boolean structured = (mode & 8) != 0;
            outcome = new Handshake.Outcome(
                    SIZE_BYTES,
                    0xffff,
                    4096,
                    structured,
                    structured ? java.util.OptionalInt.of(1) : java.util.OptionalInt.empty());
        } else {
            handshake.greet(Optional.empty());
            if ((mode & 4) != 0) {
                handshake.list().forEach(name -> Check.that(name != null, "a name"));
                return;
            }
            outcome = handshake.go("export");
        }
        Check.that(outcome.sizeBytes() >= 0, "a size is not negative");
        Check.that(outcome.maxPayloadBytes() >= 512, "a payload of at least a sector");
        use(transport, outcome, calls);
    }

    private static void use(NbdTransport transport, Handshake.Outcome outcome, int calls) throws StorageException {
        try (NbdClient client = new NbdClient(transport, outcome)) {
            boolean failed = false;
            for (int i = 0; i < 8; i++) {
                try {
                    int what = (calls >>> i & 1) + 2 * (i % 3);
                    call(client, what);
                    // the others may have nothing to ask the server for
                    boolean asks = what == 0 && client.sizeBytes() > 0;
                    Check.that(!failed || !asks, "a read succeeds on a broken connection");
                } catch (StorageException e) {
                    failed = failed || e.getMessage().contains("broke");
                }
            }
        }
    }

    private static void call(NbdClient client, int what) throws StorageException {
        long length = Math.min(1024, client.sizeBytes());
        switch (what) {
            case 0 -> {
                ByteBuffer target = ByteBuffer.allocate((int) length);
                client.read(0, target);
                Check.that(!target.hasRemaining(), "a read fills its buffer");
            }
            case 1 -> {
                long told = 0;
                List<BlockExtent> extents = client.extents(0, length);
                for (BlockExtent extent : extents) {
                    Check.that(extent.lengthBytes() > 0, "an extent has a length");
                    told += extent.lengthBytes();
                }
                Check.equal(length, told, "extents cover what was asked");
            }
            case 2 -> client.write(0, ByteBuffer.allocate((int) length), true);
            case 3 -> client.zero(0, length, true);
            case 4 -> client.trim(0, length);
            default -> client.flush();
        }
    }
}
