package org.openvrg.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.openvrg.wire.Recorder.next;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.LinkException;

class LaneTransportTest {
    private static final byte[] TOKEN = new byte[] {1, 2, 3};
    private static TestIdentity serverIdentity;
    private static TestIdentity clientIdentity;

    private final Recorder atServer = new Recorder();
    private final Recorder atClient = new Recorder();
    private LaneTransport server;
    private LaneTransport client;
    private InetSocketAddress address;

    @BeforeAll
    static void makeIdentities() throws Exception {
        serverIdentity = TestIdentity.make();
        clientIdentity = TestIdentity.make();
    }

    @BeforeEach
    void start() throws LinkException {
        start(LaneSettings.defaults(), LaneSettings.defaults());
    }

    private void start(LaneSettings forServer, LaneSettings forClient) throws LinkException {
        server = new LaneTransport(serverIdentity, forServer);
        client = new LaneTransport(clientIdentity, forClient);
        address =
                loopback(server.listen(loopback(0), atServer, token -> Arrays.equals(token, Arrays.copyOf(TOKEN, 32))));
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void carriesMessagesBothWaysAndNamesThePeer() throws Exception {
        Lane lane = await(client.connect(address, atClient));
        Lane back = next(atServer.opened);
        assertEquals(Optional.of(serverIdentity.fingerprint()), lane.peerFingerprint());
        assertEquals(Optional.of(clientIdentity.fingerprint()), back.peerFingerprint());
        assertTrue(lane.encrypted());
        for (Message message : Samples.all()) {
            if (!(message instanceof Message.Heartbeat)) {
                lane.send(message);
                Message got = next(atServer.received);
                assertArrayEquals(FrameTest.encode(message), FrameTest.encode(got));
                back.send(got);
                assertArrayEquals(FrameTest.encode(message), FrameTest.encode(next(atClient.received)));
            }
        }
        assertTrue(lane.sentBytes() > 0);
        lane.close("done");
        assertEquals("done", next(atClient.closed));
        next(atServer.closed);
        assertFalse(lane.isOpen());
    }

    @Test
    void opensAClearLaneWithItsTokenOnly() throws Exception {
        Lane lane = await(client.connectClear(address, Arrays.copyOf(TOKEN, 32), atClient));
        assertFalse(lane.encrypted());
        assertEquals(Optional.empty(), lane.peerFingerprint());
        lane.send(new Message.Flush(Samples.VM));
        assertEquals(new Message.Flush(Samples.VM), next(atServer.received));
        assertRefused(client.connectClear(address, new byte[32], atClient));
    }

    @RepeatedTest(50)
    void deliversWhatWasSentBeforeAClose() throws Exception {
        Lane lane = await(client.connect(address, atClient));
        for (int i = 0; i < 20; i++) {
            lane.send(new Message.Applied(Samples.VM, i));
        }
        lane.close("done");
        for (int i = 0; i < 20; i++) {
            assertEquals(new Message.Applied(Samples.VM, i), next(atServer.received));
        }
    }

    @Test
    void refusesGarbageAndGoesOn() throws Exception {
        Random random = new Random(3);
        for (int round = 0; round < 50; round++) {
            byte[] garbage = new byte[200];
            random.nextBytes(garbage);
            if (round % 3 == 0) {
                garbage[0] = 0x16;
            } else if (round % 3 == 1) {
                System.arraycopy(new byte[] {0x56, 0x52, 0x47, 0x43}, 0, garbage, 0, 4);
            }
            assertDisconnects(garbage);
        }
        assertTrue(atServer.opened.isEmpty());
        assertTrue(await(client.connect(address, atClient)).isOpen());
    }

    @Test
    void endsAConnectionWithoutHandshake() throws Exception {
        stop();
        start(new LaneSettings(1000, 4000, 1000, 100, 0, 2, 1, 1, 1), LaneSettings.defaults());
        assertDisconnects(new byte[0]);
        assertTrue(await(client.connect(address, atClient)).isOpen());
    }

    @Test
    void refusesMoreConnectionsThanAllowed() throws Exception {
        stop();
        start(new LaneSettings(1000, 4000, 1000, 5000, 0, 2000, 1000, 1, 1), LaneSettings.defaults());
        Lane lane = await(client.connect(address, atClient));
        assertRefused(client.connect(address, new Recorder()));
        lane.close("room");
        next(atServer.closed);
        awaitConnected();
    }

    private void awaitConnected() throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (System.nanoTime() - deadline < 0) {
            try {
                assertTrue(await(client.connect(address, new Recorder())).isOpen());
                return;
            } catch (ExecutionException e) {
                assertInstanceOf(LinkException.class, e.getCause());
            }
        }
        throw new AssertionError("no connection though there is room");
    }

    @Test
    void noticesAPeerThatSaysNothing() throws Exception {
        stop();
        start(
                LaneSettings.defaults().withHeartbeat(60_000, 600_000),
                LaneSettings.defaults().withHeartbeat(20, 200));
        await(client.connect(address, atClient));
        assertTrue(next(atClient.closed).contains("200 ms"));
    }

    @Test
    void keepsAnIdleLaneAndOneThatIsNotRead() throws Exception {
        stop();
        LaneSettings fast = LaneSettings.defaults().withHeartbeat(40, 800);
        start(fast, fast);
        Lane lane = await(client.connect(address, atClient));
        lane.setReading(false);
        Recorder other = new Recorder();
        Lane idle = await(client.connect(address, other));
        assertEquals(null, atClient.closed.poll(1200, TimeUnit.MILLISECONDS));
        lane.setReading(true);
        assertEquals(null, atClient.closed.poll(400, TimeUnit.MILLISECONDS));
        assertTrue(lane.isOpen() && idle.isOpen());
        assertTrue(atServer.received.isEmpty(), "heartbeats are not passed on");
    }

    @Test
    void tellsASenderToStopAndWhenThereIsRoom() throws Exception {
        Lane lane = await(client.connect(address, atClient));
        Lane back = next(atServer.opened);
        back.setReading(false);
        RecordBatch.Builder builder = RecordBatch.builder(false);
        builder.tryAdd(Samples.write(1, new byte[1024 * 1024]));
        RecordBatch batch = builder.build();
        int sent = 0;
        while (lane.isWritable() && sent < 1000) {
            lane.send(new Message.Data(Samples.VM, 1, batch));
            sent++;
        }
        assertTrue(sent < 1000, "bounded");
        back.setReading(true);
        next(atClient.writable);
        for (int i = 0; i < sent; i++) {
            assertInstanceOf(Message.Data.class, next(atServer.received));
        }
    }

    @Test
    void keepsOrderAndStaysAliveWhileHeldBackByTheBandwidthLimit() throws Exception {
        stop();
        start(
                LaneSettings.defaults().withHeartbeat(50, 600),
                LaneSettings.defaults().withHeartbeat(50, 600).withBandwidthLimit(150_000));
        Lane lane = await(client.connect(address, atClient));
        RecordBatch.Builder builder = RecordBatch.builder(false);
        builder.tryAdd(Samples.write(1, new byte[100_000]));
        RecordBatch batch = builder.build();
        for (int i = 0; i < 4; i++) {
            lane.send(new Message.Data(Samples.VM, 1, batch));
        }
        lane.send(new Message.Flush(Samples.VM));
        for (int i = 0; i < 4; i++) {
            assertInstanceOf(Message.Data.class, next(atServer.received));
        }
        assertEquals(new Message.Flush(Samples.VM), next(atServer.received), "order is kept");
        assertTrue(lane.isOpen());
    }

    @Test
    void tellsWhenThePeerDies() throws Exception {
        await(client.connect(address, atClient));
        server.close();
        next(atClient.closed);
    }

    @Test
    void failsWhereNobodyListens() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        assertRefused(client.connect(loopback(port), atClient));
        assertThrows(LinkException.class, () -> client.listen(address, atClient, token -> false));
        assertEquals(List.of(), List.copyOf(atClient.opened));
    }

    @Test
    void endsTheLaneOfAListenerThatThrows() throws Exception {
        Recorder recorder = new Recorder();
        LaneListener broken = new LaneListener() {
            @Override
            public void opened(Lane lane) {}

            @Override
            public void received(Lane lane, Message message) {
                throw new IllegalStateException("on purpose");
            }

            @Override
            public void writable(Lane lane) {}

            @Override
            public void closed(Lane lane, String reason) {
                recorder.closed(lane, reason);
            }
        };
        await(client.connect(address, broken));
        next(atServer.opened).send(new Message.Unpair());
        next(recorder.closed);
    }

    private void assertDisconnects(byte[] bytes) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(address, 5000);
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(bytes);
            InputStream in = socket.getInputStream();
            int left = 10_000;
            while (left > 0 && in.read() >= 0) {
                left--;
            }
            assertTrue(left > 0);
        } catch (java.net.SocketException e) {
            assertTrue(e.getMessage().length() > 0, "a reset is fine");
        }
    }

    private static void assertRefused(CompletionStage<Lane> stage) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> await(stage));
        assertInstanceOf(LinkException.class, e.getCause());
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(15, TimeUnit.SECONDS);
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }
}
