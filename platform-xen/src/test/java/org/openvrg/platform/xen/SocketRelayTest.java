package org.openvrg.platform.xen;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SocketRelayTest {
    private static final int BYTES = 1 << 20;

    @TempDir
    Path folder;

    private SocketChannel connect(Path socket) throws Exception {
        return SocketChannel.open(java.net.UnixDomainSocketAddress.of(socket));
    }

    @Test
    void carriesBothWays() throws Exception {
        Path socket = Files.createFile(folder.resolve("s"));
        byte[] sent = new byte[BYTES];
        new Random(1).nextBytes(sent);
        try (SocketRelay relay = new SocketRelay(socket, List.of("cat"));
                SocketChannel one = connect(socket);
                SocketChannel two = connect(socket)) {
            assertNotNull(relay);
            for (SocketChannel each : List.of(one, two)) {
                Thread writer = new Thread(() -> write(each, sent));
                writer.start();
                ByteBuffer got = ByteBuffer.allocate(BYTES);
                while (got.hasRemaining()) {
                    assertFalse(each.read(got) < 0, "an early end");
                }
                writer.join();
                assertArrayEquals(sent, got.array());
            }
        }
        assertFalse(Files.exists(socket));
    }

    private static void write(SocketChannel channel, byte[] bytes) {
        try {
            ByteBuffer rest = ByteBuffer.wrap(bytes);
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
        } catch (java.io.IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void endsAConnectionWithItsCommand() throws Exception {
        Path socket = folder.resolve("s");
        try (SocketRelay relay = new SocketRelay(socket, List.of("true"));
                SocketChannel client = connect(socket)) {
            assertEquals(-1, client.read(ByteBuffer.allocate(1)));
            assertNotNull(relay);
        }
    }

    @Test
    void endsAConnectionWhoseCommandIsMissing() throws Exception {
        Path socket = folder.resolve("s");
        try (SocketRelay relay = new SocketRelay(
                        socket, List.of(folder.resolve("missing").toString()));
                SocketChannel client = connect(socket)) {
            assertEquals(-1, client.read(ByteBuffer.allocate(1)));
            assertNotNull(relay);
        }
    }

    @Test
    void endsItsConnectionsWhenItIsClosed() throws Exception {
        Path socket = folder.resolve("s");
        SocketRelay relay = new SocketRelay(socket, List.of("cat"));
        try (SocketChannel client = connect(socket)) {
            write(client, new byte[] {1});
            client.read(ByteBuffer.allocate(1));
            relay.close();
            assertEquals(-1, client.read(ByteBuffer.allocate(1)));
        }
    }
}
