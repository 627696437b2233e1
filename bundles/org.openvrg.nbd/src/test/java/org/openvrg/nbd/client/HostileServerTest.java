package org.openvrg.nbd.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;
import org.openvrg.nbd.internal.Protocol;

/** A server that says more than it was asked must not fill the client's memory. */
class HostileServerTest {
    private static final int REPLY_BYTES = 64 << 10;

    private interface Script {
        void write(DataOutputStream out) throws IOException;
    }

    private interface Client {
        void use(SocketAddress server) throws StorageException;
    }

    /** The failure of a client on a server that says its lines. */
    private static StorageException failure(Script script, Client client) throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> served = CompletableFuture.runAsync(() -> {
                try (Socket socket = listener.accept();
                        DataOutputStream out = new DataOutputStream(socket.getOutputStream())) {
                    out.writeLong(Protocol.NBD_MAGIC);
                    out.writeLong(Protocol.OPTION_MAGIC);
                    out.writeShort(Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES);
                    script.write(out);
                    // until the client closes: a reset could take away what it has not read yet
                    socket.shutdownOutput();
                    socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                } catch (IOException e) {
                    // the client has had enough, which is what is tested
                    assertTrue(e.getMessage() != null);
                }
            });
            StorageException failure =
                    assertThrows(StorageException.class, () -> client.use(listener.getLocalSocketAddress()));
            served.get(60, TimeUnit.SECONDS);
            return failure;
        }
    }

    private static void reply(DataOutputStream out, int option, int type, byte[] data) throws IOException {
        out.writeLong(Protocol.OPTION_REPLY_MAGIC);
        out.writeInt(option);
        out.writeInt(type);
        out.writeInt(data.length);
        out.write(data);
    }

    private static void status(DataOutputStream out, boolean last) throws IOException {
        out.writeInt(Protocol.STRUCTURED_REPLY_MAGIC);
        out.writeShort(last ? Protocol.CHUNK_FLAG_DONE : 0);
        out.writeShort(Protocol.CHUNK_BLOCK_STATUS);
        out.writeLong(1);
        out.writeInt(12);
        out.writeInt(7);
        out.writeInt(512);
        out.writeInt(0);
    }

    @Test
    void aListWithoutEndIsCutShort() throws Exception {
        StorageException failure = failure(
                out -> {
                    for (int i = 0; i < 1000; i++) {
                        reply(out, Protocol.OPT_LIST, Protocol.REP_SERVER, new byte[REPLY_BYTES]);
                    }
                },
                server -> NbdClient.list(server, Optional.empty()));
        assertEquals(StorageException.Kind.IO, failure.kind());
        assertTrue(failure.getMessage().contains("without end"), failure.getMessage());
    }

    @Test
    void statusOfOneContextComesOnce() throws Exception {
        StorageException failure = failure(
                out -> {
                    reply(out, Protocol.OPT_STRUCTURED_REPLY, Protocol.REP_ACK, new byte[0]);
                    reply(out, Protocol.OPT_SET_META_CONTEXT, Protocol.REP_META_CONTEXT, new byte[] {0, 0, 0, 7});
                    reply(out, Protocol.OPT_SET_META_CONTEXT, Protocol.REP_ACK, new byte[0]);
                    reply(out, Protocol.OPT_GO, Protocol.REP_INFO, new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 1});
                    reply(out, Protocol.OPT_GO, Protocol.REP_ACK, new byte[0]);
                    status(out, false);
                    status(out, true);
                },
                server -> {
                    try (NbdClient client = NbdClient.open(server, "")) {
                        client.extents(0, 4096);
                    }
                });
        assertTrue(failure.getMessage().contains("twice"), failure.getMessage());
    }
}
