package org.openvrg.nbd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.nbd.client.NbdClient;
import org.openvrg.nbd.internal.NbdServer;
import org.openvrg.nbd.internal.Protocol;

class NbdServerTest {
    private static final int SIZE = 8 << 20;

    private final MemoryExport disk = new MemoryExport("disk", SIZE);
    private final MemoryCatalog catalog = new MemoryCatalog(disk);
    private final Queue<AutoCloseable> open = new ArrayDeque<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
    }

    private NbdServer serve(NbdSettings settings) throws IOException {
        NbdServer server = new NbdServer(settings);
        open.add(server);
        server.add(catalog);
        server.start();
        return server;
    }

    private static SocketAddress address(NbdServer server) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, "the condition did not come true in time");
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static void fails(Kind kind, org.junit.jupiter.api.function.Executable call) {
        assertEquals(kind, assertThrows(StorageException.class, call).kind());
    }

    @Test
    void storesWhatTheClientWrites() throws Exception {
        NbdServer server = serve(NbdSettings.loopback());
        byte[] content = new byte[SIZE];
        new Random(1).nextBytes(content);
        try (NbdClient client = NbdClient.open(address(server), "disk")) {
            assertEquals(SIZE, client.sizeBytes());
            client.write(0, ByteBuffer.wrap(content));
            assertArrayEquals(content, disk.content());
            ByteBuffer back = ByteBuffer.allocateDirect(SIZE - 7);
            client.read(7, back);
            assertEquals(ByteBuffer.wrap(content, 7, SIZE - 7), back.flip());
            client.zero(4096, 8192, true);
            client.trim(1 << 20, 1 << 20);
            client.flush();
            client.write(5, ByteBuffer.wrap(new byte[] {1}), true);
            assertEquals(1, disk.flushes.get());
            assertEquals(1, disk.forced.get());
            List<BlockExtent> extents = client.extents(0, 16384);
            assertEquals(List.of(BlockExtent.data(4096), BlockExtent.hole(8192), BlockExtent.data(4096)), extents);
            fails(Kind.OUT_OF_RANGE, () -> client.read(SIZE, ByteBuffer.allocate(1)));
        }
        await(() -> server.payloadBytes() == 0 && server.connectionCount() == 0);
    }

    @Test
    void tellsExpectedFailuresAndGoesOn() throws Exception {
        NbdServer server = serve(NbdSettings.loopback());
        try (NbdClient client = NbdClient.open(address(server), "disk")) {
            for (Kind kind : List.of(Kind.NO_SPACE, Kind.IO, Kind.OUT_OF_RANGE, Kind.READ_ONLY)) {
                disk.failWith(Optional.of(MemoryExport.failed(kind)));
                fails(kind, () -> client.write(0, ByteBuffer.allocate(10)));
                fails(kind, () -> client.read(0, ByteBuffer.allocate(10)));
                fails(kind, () -> client.extents(0, 10));
            }
            disk.failWith(Optional.empty());
            client.write(0, ByteBuffer.allocate(10));
        }
        await(() -> server.payloadBytes() == 0);
    }

    @Test
    void endsTheConnectionAtAProgrammingErrorOnly() throws Exception {
        NbdServer server = serve(NbdSettings.loopback());
        try (NbdClient client = NbdClient.open(address(server), "disk");
                NbdClient other = NbdClient.open(address(server), "")) {
            disk.failWith(Optional.of(new IllegalStateException("made to fail")));
            fails(Kind.IO, () -> client.read(0, ByteBuffer.allocate(10)));
            disk.failWith(Optional.empty());
            fails(Kind.IO, () -> client.read(0, ByteBuffer.allocate(10)));
            other.read(0, ByteBuffer.allocate(10));
        }
    }

    @Test
    void refusesWritesToAReadOnlyExport() throws Exception {
        disk.makeReadOnly();
        NbdServer server = serve(NbdSettings.loopback());
        try (NbdClient client = NbdClient.open(address(server), "disk")) {
            assertTrue(client.readOnly());
            fails(Kind.READ_ONLY, () -> client.write(0, ByteBuffer.allocate(100_000)));
            client.read(0, ByteBuffer.allocate(10));
        }
    }

    @Test
    void knowsNoExportWithoutACatalog() throws Exception {
        try (NbdServer server = new NbdServer(NbdSettings.loopback())) {
            server.start();
            assertEquals(List.of(), NbdClient.list(address(server), Optional.empty()));
            fails(Kind.PATH_WRONG, () -> NbdClient.open(address(server), "disk"));
            server.add(catalog);
            assertEquals(List.of("disk"), NbdClient.list(address(server), Optional.empty()));
            server.remove(catalog);
            fails(Kind.PATH_WRONG, () -> NbdClient.open(address(server), ""));
        }
    }

    @Test
    void endsConnectionsToARemovedExport() throws Exception {
        NbdServer server = serve(NbdSettings.loopback());
        try (NbdClient client = NbdClient.open(address(server), "disk")) {
            client.read(0, ByteBuffer.allocate(10));
            catalog.remove("disk");
            await(() -> server.connectionCount() == 0);
            fails(Kind.IO, () -> client.read(0, ByteBuffer.allocate(10)));
        }
        await(() -> server.connectionCount() == 0);
    }

    @Test
    void refusesAddressesThatAreNotAllowed() throws Exception {
        NbdServer server = serve(NbdSettings.loopback().withAllow(List.of("10.0.0.0/8")));
        fails(Kind.IO, () -> NbdClient.open(address(server), "disk"));
        NbdServer open = serve(NbdSettings.loopback().withAllow(List.of("10.0.0.0/8", "127.0.0.1")));
        NbdClient.open(address(open), "disk").close();
    }

    @Test
    void refusesConnectionsBeyondTheLimit() throws Exception {
        NbdServer server =
                serve(NbdSettings.loopback().withLimits(NbdLimits.defaults().withConnections(1)));
        try (NbdClient client = NbdClient.open(address(server), "disk")) {
            fails(Kind.IO, () -> NbdClient.open(address(server), "disk"));
            client.flush();
        }
        await(() -> server.connectionCount() == 0);
        NbdClient.open(address(server), "disk").close();
    }

    @Test
    void endsAHandshakeThatDoesNotCome() throws Exception {
        NbdLimits limits = new NbdLimits(10, 10, 64 << 20, 64 << 20, 50);
        NbdServer server = serve(NbdSettings.loopback().withLimits(limits));
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            assertEquals(18, socket.getInputStream().readNBytes(1000).length);
        }
    }

    @Test
    void letsOnlyPinnedCertificatesIn() throws Exception {
        TestIdentity gateway = TestIdentity.named("gateway");
        TestIdentity known = TestIdentity.named("known");
        TestIdentity stranger = TestIdentity.named("stranger");
        NbdSettings settings = NbdSettings.loopback().withTls(TlsMode.REQUIRED, List.of(known.fingerprint()));
        try (NbdServer server = new NbdServer(settings, gateway)) {
            server.add(catalog);
            server.start();
            Optional<SSLContext> right = Optional.of(known.trusting(gateway, true));
            try (NbdClient client = NbdClient.open(address(server), "disk", right)) {
                client.write(0, ByteBuffer.allocate(3 << 20));
                client.read(0, ByteBuffer.allocate(3 << 20));
            }
            fails(Kind.IO, () -> NbdClient.open(address(server), "disk"));
            Optional<SSLContext> wrong = Optional.of(stranger.trusting(gateway, true));
            fails(Kind.IO, () -> NbdClient.open(address(server), "disk", wrong));
            Optional<SSLContext> none = Optional.of(known.trusting(gateway, false));
            fails(Kind.IO, () -> NbdClient.open(address(server), "disk", none));
        }
    }

    /** A connection spoken byte by byte. */
    private static final class Raw implements AutoCloseable {
        private final Socket socket;
        private final DataInputStream in;
        private final DataOutputStream out;

        Raw(NbdServer server) throws IOException {
            socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
            socket.setSoTimeout(10_000);
            in = new DataInputStream(socket.getInputStream());
            out = new DataOutputStream(socket.getOutputStream());
            in.readNBytes(18);
            out.writeInt(Protocol.FLAG_FIXED_NEWSTYLE);
        }

        void option(int code, byte[] data) throws IOException {
            out.writeLong(Protocol.OPTION_MAGIC);
            out.writeInt(code);
            out.writeInt(data.length);
            out.write(data);
        }

        int replyType() throws IOException {
            assertEquals(Protocol.OPTION_REPLY_MAGIC, in.readLong());
            in.readInt();
            int type = in.readInt();
            in.readNBytes(in.readInt());
            return type;
        }

        void exportName() throws IOException {
            option(Protocol.OPT_EXPORT_NAME, "disk".getBytes(StandardCharsets.UTF_8));
            assertEquals(SIZE, in.readLong());
            in.readShort();
            assertEquals(124, in.readNBytes(124).length);
        }

        void request(int type, long cookie, long offset, int length) throws IOException {
            out.writeInt(Protocol.REQUEST_MAGIC);
            out.writeShort(0);
            out.writeShort(type);
            out.writeLong(cookie);
            out.writeLong(offset);
            out.writeInt(length);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void speaksExportNameWithPaddingAndRequestsSentAlong() throws Exception {
        NbdServer server = serve(NbdSettings.loopback());
        try (Raw raw = new Raw(server)) {
            raw.option(77, new byte[100]);
            assertEquals(Protocol.REP_ERR_UNSUP, raw.replyType());
            raw.option(Protocol.OPT_GO, new byte[3]);
            assertEquals(Protocol.REP_ERR_INVALID, raw.replyType());
            raw.option(Protocol.OPT_SET_META_CONTEXT, new byte[8]);
            assertEquals(Protocol.REP_ERR_INVALID, raw.replyType());
            raw.option(Protocol.OPT_STARTTLS, new byte[0]);
            assertEquals(Protocol.REP_ERR_POLICY, raw.replyType());
            raw.exportName();
            raw.request(Protocol.CMD_WRITE, 5, 0, 3);
            raw.out.write(new byte[] {1, 2, 3});
            raw.request(Protocol.CMD_DISC, 6, 0, 0);
            assertEquals(Protocol.SIMPLE_REPLY_MAGIC, raw.in.readInt());
            assertEquals(0, raw.in.readInt());
            assertEquals(5, raw.in.readLong());
            assertThrows(EOFException.class, raw.in::readByte);
        }
        assertEquals(3, disk.content()[2]);
    }

    @Test
    void refusesEverythingBeforeTlsWhereItIsRequired() throws Exception {
        TestIdentity gateway = TestIdentity.named("gateway");
        try (NbdServer server = new NbdServer(NbdSettings.loopback().withTls(TlsMode.REQUIRED, List.of()), gateway)) {
            server.add(catalog);
            server.start();
            try (Raw raw = new Raw(server)) {
                for (int code : new int[] {3, 6, 7, 8, 9, 10, 77}) {
                    raw.option(code, new byte[0]);
                    assertEquals(Protocol.REP_ERR_TLS_REQD, raw.replyType());
                }
                raw.option(Protocol.OPT_ABORT, new byte[0]);
                assertEquals(Protocol.REP_ACK, raw.replyType());
                assertThrows(EOFException.class, raw.in::readByte);
            }
            try (Raw raw = new Raw(server)) {
                raw.option(Protocol.OPT_EXPORT_NAME, new byte[0]);
                assertThrows(IOException.class, raw.in::readByte);
            }
        }
    }

    @Test
    void answersInWhateverOrderTheExportCompletes() throws Exception {
        Queue<Runnable> work = new ConcurrentLinkedQueue<>();
        catalog.remove("disk");
        MemoryExport slow = new MemoryExport("disk", SIZE, work::add);
        NbdServer server = new NbdServer(NbdSettings.loopback());
        open.add(server);
        server.add(new MemoryCatalog(slow));
        server.start();
        try (Raw raw = new Raw(server)) {
            raw.exportName();
            raw.request(Protocol.CMD_READ, 1, 0, 4);
            raw.request(Protocol.CMD_FLUSH, 2, 0, 0);
            await(() -> work.size() == 2);
            Runnable read = work.remove();
            work.remove().run();
            raw.in.readLong();
            assertEquals(2, raw.in.readLong());
            read.run();
            raw.in.readLong();
            assertEquals(1, raw.in.readLong());
            assertEquals(0, raw.in.readInt());
        }
    }

    @Test
    void keepsBuffersUntilTheExportIsDoneThoughTheConnectionIsGone() throws Exception {
        Queue<Runnable> work = new ConcurrentLinkedQueue<>();
        MemoryExport slow = new MemoryExport("disk", SIZE, work::add);
        NbdServer server = new NbdServer(NbdSettings.loopback());
        open.add(server);
        server.add(new MemoryCatalog(slow));
        server.start();
        try (Raw raw = new Raw(server)) {
            raw.exportName();
            raw.request(Protocol.CMD_READ, 1, 0, 1 << 20);
            raw.request(Protocol.CMD_WRITE, 2, 0, 1 << 10);
            raw.out.write(new byte[1 << 10]);
            await(() -> work.size() == 2);
        }
        await(() -> server.connectionCount() == 0);
        assertEquals((1 << 20) + (1 << 10), server.payloadBytes());
        work.remove().run();
        work.remove().run();
        await(() -> server.payloadBytes() == 0);
    }

    @Test
    void readsNoMoreThanItsLimitsFromAFloodingClient() throws Exception {
        Queue<Runnable> work = new ConcurrentLinkedQueue<>();
        MemoryExport slow = new MemoryExport("disk", SIZE, work::add);
        NbdServer server =
                new NbdServer(NbdSettings.loopback().withLimits(new NbdLimits(10, 4, 32 << 20, 32 << 20, 10_000)));
        open.add(server);
        server.add(new MemoryCatalog(slow));
        server.start();
        try (Raw raw = new Raw(server)) {
            raw.exportName();
            for (int i = 0; i < 100; i++) {
                raw.request(Protocol.CMD_WRITE, i, i * 100L, 100);
                raw.out.write(new byte[100]);
            }
            await(() -> work.size() == 4);
            for (int i = 0; i < 100; i++) {
                await(() -> !work.isEmpty());
                assertTrue(slow.begun.get() <= i + 4, "more under way than allowed");
                work.remove().run();
                raw.in.readLong();
                raw.in.readLong();
            }
        }
        assertEquals(100, slow.begun.get());
        await(() -> server.payloadBytes() == 0);
    }

    @Test
    void refusesBytesInClearAfterStartTls() throws Exception {
        TestIdentity gateway = TestIdentity.named("gateway");
        try (NbdServer server = new NbdServer(NbdSettings.loopback().withTls(TlsMode.OPTIONAL, List.of()), gateway)) {
            server.start();
            try (Raw raw = new Raw(server)) {
                ByteBuffer both = ByteBuffer.allocate(20);
                both.putLong(Protocol.OPTION_MAGIC)
                        .putInt(Protocol.OPT_STARTTLS)
                        .putInt(0)
                        .putInt(1);
                raw.out.write(both.array());
                assertThrows(IOException.class, raw.in::readByte);
            }
        }
    }
}
