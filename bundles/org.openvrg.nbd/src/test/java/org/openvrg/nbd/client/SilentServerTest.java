package org.openvrg.nbd.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.nbd.internal.Protocol;

/** A server that lives and says nothing must not hold a thread for longer than the limit. */
@Timeout(60)
class SilentServerTest {
    private static final Duration LIMIT = Duration.ofMillis(300);

    @Test
    void aHandshakeThatDoesNotComeFails() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            StorageException failure = assertThrows(
                    StorageException.class, () -> NbdClient.open(listener.getLocalSocketAddress(), "disk", LIMIT));
            assertEquals(Kind.IO, failure.kind());
        }
    }

    @Test
    void aRequestThatIsNotAnsweredFailsAndSoDoAllAfterIt() throws Exception {
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CountDownLatch end = new CountDownLatch(1);
            CompletableFuture<Void> served = CompletableFuture.runAsync(() -> serveHandshake(listener, end));
            try (NbdClient client = NbdClient.open(listener.getLocalSocketAddress(), "disk", LIMIT)) {
                CompletableFuture<Void> other = CompletableFuture.runAsync(() ->
                        assertThrows(StorageException.class, () -> client.write(0, ByteBuffer.wrap(new byte[] {1}))));
                StorageException failure =
                        assertThrows(StorageException.class, () -> client.read(0, ByteBuffer.allocate(512)));
                assertEquals(Kind.IO, failure.kind());
                other.get(30, TimeUnit.SECONDS);
                StorageException again = assertThrows(StorageException.class, client::flush);
                assertEquals(Kind.IO, again.kind());
            } finally {
                end.countDown();
            }
            served.get(30, TimeUnit.SECONDS);
        }
    }

    /** An export of 4096 bytes; nothing that follows is answered. */
    private static void serveHandshake(ServerSocket listener, CountDownLatch end) {
        try (Socket socket = listener.accept();
                DataOutputStream out = new DataOutputStream(socket.getOutputStream())) {
            out.writeLong(Protocol.NBD_MAGIC);
            out.writeLong(Protocol.OPTION_MAGIC);
            out.writeShort(Protocol.FLAG_FIXED_NEWSTYLE | Protocol.FLAG_NO_ZEROES);
            reply(out, Protocol.OPT_STRUCTURED_REPLY, Protocol.REP_ERR_UNSUP, 0);
            reply(out, Protocol.OPT_GO, Protocol.REP_INFO, 12);
            out.writeShort(Protocol.INFO_EXPORT);
            out.writeLong(4096);
            out.writeShort(Protocol.SEND_HAS_FLAGS | Protocol.SEND_FLUSH);
            reply(out, Protocol.OPT_GO, Protocol.REP_ACK, 0);
            assertTrue(end.await(60, TimeUnit.SECONDS));
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void reply(DataOutputStream out, int option, int type, int length) throws IOException {
        out.writeLong(Protocol.OPTION_REPLY_MAGIC);
        out.writeInt(option);
        out.writeInt(type);
        out.writeInt(length);
    }
}
