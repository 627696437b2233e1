package org.openvrg.link.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.PairingService.Peer;
import org.openvrg.api.service.PairingService.Status;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.LaneSettings;
import org.openvrg.wire.LaneTransport;
import org.openvrg.wire.Message;

class LinkTest {
    private static final String SECRET = "a secret of many bytes";
    private static final UUID VM = new UUID(7, 8);
    private static TestIdentity one;
    private static TestIdentity two;
    private static TestIdentity three;

    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeAll
    static void makeIdentities() throws Exception {
        one = TestIdentity.make();
        two = TestIdentity.make();
        three = TestIdentity.make();
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : open) {
            closeable.close();
        }
    }

    private <T extends AutoCloseable> T opened(T closeable) {
        open.add(closeable);
        return closeable;
    }

    private Site site(TestIdentity identity) throws Exception {
        return opened(Site.start(identity));
    }

    private Site site(TestIdentity identity, Site.Store store, int port, Optional<String> secret, boolean clear)
            throws Exception {
        return opened(new Site(identity, store, Site.settings(port, secret, clear)));
    }

    private void pairBoth(Site a, Site b) throws Exception {
        a.link.pair(b.address());
        b.link.pair(a.address());
        a.awaitStatus(Status.NORMAL);
        b.awaitStatus(Status.NORMAL);
    }

    @Test
    void pairsOnlyOnceBothOperatorsNamedEachOther() throws Exception {
        Site a = site(one);
        Site b = site(two);
        assertEquals(Status.NOT_PAIRED, a.link.status());
        a.link.pair(b.address());
        a.awaitStatus(Status.PAIRING);
        assertEquals(Status.NOT_PAIRED, b.link.status());
        assertTrue(a.link.outboundLane(VM, true).isEmpty());
        b.link.pair(a.address());
        a.awaitStatus(Status.NORMAL);
        b.awaitStatus(Status.NORMAL);
        assertTrue(a.alarms.raised.isEmpty());
    }

    @Test
    void waitsForAPeerThatIsNotUpYet() throws Exception {
        Site a = site(one);
        Site early = Site.start(two);
        Peer address = early.address();
        early.close();
        a.link.pair(address);
        a.awaitStatus(Status.PAIRING);
        Site b = site(two, new Site.Store(), address.port(), Optional.empty(), true);
        b.link.pair(a.address());
        a.awaitStatus(Status.NORMAL);
        b.awaitStatus(Status.NORMAL);
    }

    @Test
    void carriesMessagesAboutVmsBothWaysOnTheSameLane() throws Exception {
        Site a = site(one);
        Site b = site(two);
        pairBoth(a, b);
        Lane lane = a.awaitLane(VM, true);
        assertSame(lane, a.awaitLane(VM, true));
        for (int i = 0; i < 100; i++) {
            lane.send(new Message.Applied(VM, i));
        }
        Site.Arrived last = b.next();
        for (int i = 1; i < 100; i++) {
            last = b.next();
            assertEquals(new Message.Applied(VM, i), last.message());
        }
        last.lane().send(new Message.Flush(VM));
        Site.Arrived back = a.next();
        assertSame(lane, back.lane());
        Set<Lane> used = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            used.add(a.awaitLane(new UUID(0, i), true));
        }
        assertEquals(2, used.size(), "VMs are spread over the lanes");
    }

    @Test
    void pairsWithOneCallWhereBothKnowTheSecret() throws Exception {
        Site a = site(one, new Site.Store(), 0, Optional.of(SECRET), true);
        Site b = site(two, new Site.Store(), 0, Optional.of(SECRET), true);
        a.link.pair(b.address());
        a.awaitStatus(Status.NORMAL);
        b.awaitStatus(Status.NORMAL);
        assertEquals(Optional.of(a.address()), b.link.peer());
        b.link.pair(a.address());
        assertEquals(Status.NORMAL, b.link.status(), "naming it again changes nothing");
    }

    @Test
    void doesNotPairByDifferentSecrets() throws Exception {
        Site a = site(one, new Site.Store(), 0, Optional.of(SECRET), true);
        Site b = site(two, new Site.Store(), 0, Optional.of(SECRET + "!"), true);
        a.link.pair(b.address());
        Message.HelloReply reply = knock(three, b, "");
        assertEquals(Message.Verdict.PENDING, reply.verdict());
        assertEquals(Status.PAIRING, a.link.status());
        assertEquals(Optional.empty(), b.link.peer());
        b.link.pair(a.address());
        a.awaitStatus(Status.NORMAL);
    }

    @Test
    void refusesAPeerWhoseCertificateChangedAndRaisesAnAlarm() throws Exception {
        Site a = site(one);
        Site b = site(two);
        pairBoth(a, b);
        int port = b.link.port();
        Site.Store storeOfB = b.store;
        b.close();
        a.awaitStatus(Status.LINK_DOWN);
        Site.await(() -> a.alarms.raised.contains(AlarmService.Kind.LINK_DOWN), () -> "alarm");
        Site impostor = site(three, storeOfB, port, Optional.empty(), true);
        a.awaitStatus(Status.FAILED);
        Site.await(() -> a.alarms.raised.contains(AlarmService.Kind.PEER_CERTIFICATE_CHANGED), () -> "alarm");
        impostor.awaitStatus(Status.FAILED);
        impostor.close();
        site(two, storeOfB, port, Optional.empty(), true);
        a.awaitStatus(Status.NORMAL);
        assertTrue(a.alarms.raised.isEmpty(), "alarms are over");
    }

    @Test
    void givesStrangersNothing() throws Exception {
        Site a = site(one);
        Site b = site(two);
        pairBoth(a, b);
        assertEquals(Message.Verdict.REFUSED, knock(three, b, "").verdict());
        LaneTransport transport = opened(new LaneTransport(three, LaneSettings.defaults()));
        for (Message early : List.of(
                new Message.Flush(VM),
                new Message.LaneTokenRequest(),
                new Message.Unpair(),
                new Message.LaneToken(new byte[32]))) {
            Knock knock = new Knock();
            transport
                    .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), b.link.port()), knock)
                    .toCompletableFuture()
                    .get(10, TimeUnit.SECONDS)
                    .send(early);
            knock.awaitClosed();
            assertTrue(knock.received.isEmpty());
        }
        assertTrue(b.arrived.isEmpty());
        assertEquals(Status.NORMAL, b.link.status());
        assertEquals(Status.NORMAL, a.link.status());
    }

    @Test
    void survivesGarbage() throws Exception {
        Site a = site(one);
        Random random = new Random(11);
        for (int round = 0; round < 30; round++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), a.link.port())) {
                byte[] bytes = new byte[300];
                random.nextBytes(bytes);
                bytes[0] = (byte) (round % 2 == 0 ? 0x16 : 0x56);
                socket.getOutputStream().write(bytes);
            }
        }
        Site b = site(two);
        pairBoth(a, b);
    }

    @Test
    void removesThePairingOnBothSides() throws Exception {
        Site a = site(one);
        Site b = site(two);
        pairBoth(a, b);
        a.link.unpair();
        assertEquals(Status.NOT_PAIRED, a.link.status());
        b.awaitStatus(Status.NOT_PAIRED);
        assertEquals(Optional.empty(), b.link.peer());
        assertTrue(a.link.outboundLane(VM, true).isEmpty());
        pairBoth(a, b);
    }

    @Test
    void tellsAPeerThatWasAwayThatItWasUnpaired() throws Exception {
        Site a = site(one, new Site.Store(), 0, Optional.of(SECRET), true);
        Site b = site(two, new Site.Store(), 0, Optional.of(SECRET), true);
        a.link.pair(b.address());
        a.awaitStatus(Status.NORMAL);
        b.awaitStatus(Status.NORMAL);
        int port = a.link.port();
        a.close();
        b.awaitStatus(Status.LINK_DOWN);
        b.link.unpair();
        Site again = site(one, a.store, port, Optional.of(SECRET), true);
        Site.await(() -> again.link.peer().isEmpty(), () -> "unpaired");
        assertEquals(Optional.empty(), b.link.peer());
        again.link.pair(b.address());
        again.awaitStatus(Status.NORMAL);
    }

    @Test
    void goesOnWithItsPeerAfterARestart() throws Exception {
        Site a = site(one);
        Site b = site(two);
        pairBoth(a, b);
        int port = a.link.port();
        a.close();
        assertTrue(a.alarms.raised.isEmpty(), "stopping is no fault");
        b.awaitStatus(Status.LINK_DOWN);
        Site again = site(one, a.store, port, Optional.empty(), true);
        again.awaitStatus(Status.NORMAL);
        b.awaitStatus(Status.NORMAL);
    }

    @Test
    void connectsAgainAfterACutAndNoticesADeadNetwork() throws Exception {
        Site a = site(one);
        Site b = site(two);
        Proxy proxy = opened(new Proxy(b.link.port()));
        a.link.pair(new Peer(Site.HOST, proxy.port()));
        b.link.pair(a.address());
        a.awaitStatus(Status.NORMAL);
        Lane lane = a.awaitLane(VM, true);
        proxy.cut();
        a.awaitStatus(Status.LINK_DOWN);
        assertTrue(a.link.outboundLane(VM, true).isEmpty());
        assertFalse(lane.isOpen());
        proxy.heal();
        a.awaitStatus(Status.NORMAL);
        a.awaitLane(VM, true);
        proxy.swallow();
        a.awaitStatus(Status.LINK_DOWN);
        proxy.heal();
        a.awaitStatus(Status.NORMAL);
        a.awaitLane(VM, true).send(new Message.Flush(VM));
        assertEquals(new Message.Flush(VM), b.next().message());
        assertTrue(a.closed.size() >= 2);
    }

    @Test
    void sendsUnencryptedVmsOverAClearLane() throws Exception {
        Site a = site(one);
        Site b = site(two);
        pairBoth(a, b);
        Lane lane = a.awaitLane(VM, false);
        assertFalse(lane.encrypted());
        lane.send(new Message.Flush(VM));
        Site.Arrived arrived = b.next();
        assertFalse(arrived.lane().encrypted());
        arrived.lane().send(new Message.Flushed(VM, 1));
        assertEquals(new Message.Flushed(VM, 1), a.next().message());
        assertTrue(a.awaitLane(VM, true).encrypted());
        a.link.unpair();
        Site.await(() -> !lane.isOpen() && !arrived.lane().isOpen(), () -> "the end of the clear lane");
    }

    @Test
    void usesTlsWhereThePeerAdmitsNoClearLanes() throws Exception {
        Site a = site(one);
        Site b = site(two, new Site.Store(), 0, Optional.empty(), false);
        pairBoth(a, b);
        assertTrue(a.awaitLane(VM, false).encrypted());
        assertTrue(b.awaitLane(VM, false).encrypted());
    }

    @Test
    void admitsAClearLaneOncePerTokenAndOnlyWithOne() throws Exception {
        Site b = site(two);
        LaneTransport transport = opened(new LaneTransport(one, LaneSettings.defaults()));
        Knock server = new Knock();
        int port = transport.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), server, token -> false);
        b.link.pair(new Peer(Site.HOST, port));
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), b.link.port());
        Site.await(() -> !server.received.isEmpty(), () -> "the candidate is known");
        Knock tls = new Knock();
        Lane lane = transport.connect(address, tls).toCompletableFuture().get(10, TimeUnit.SECONDS);
        lane.send(new Message.Hello(1, 0, one.vrgUuid(), "", port, new byte[0]));
        assertEquals(
                Message.Verdict.ACCEPTED,
                assertInstanceOf(Message.HelloReply.class, tls.next()).verdict());
        lane.send(new Message.LaneTokenRequest());
        byte[] token = assertInstanceOf(Message.LaneToken.class, tls.next()).token();
        assertEquals(32, token.length);
        Lane clear = transport
                .connectClear(address, token, new Knock())
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
        clear.send(new Message.Flush(VM));
        assertEquals(new Message.Flush(VM), b.next().message());
        assertRefused(transport, address, token);
        assertRefused(transport, address, new byte[32]);
        lane.send(new Message.LaneTokenRequest());
        byte[] other = assertInstanceOf(Message.LaneToken.class, tls.next()).token();
        lane.close("gone");
        Site.await(() -> !clear.isOpen(), () -> "the end of the clear lane");
        assertRefused(transport, address, other);
    }

    private static void assertRefused(LaneTransport transport, InetSocketAddress address, byte[] token) {
        ExecutionException e = assertThrows(ExecutionException.class, () -> transport
                .connectClear(address, token, new Knock())
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS));
        assertInstanceOf(LinkException.class, e.getCause());
    }

    @Test
    void refusesItself() throws Exception {
        Site a = site(one, new Site.Store(), 0, Optional.of(SECRET), true);
        a.link.pair(a.address());
        a.awaitStatus(Status.FAILED);
    }

    @Test
    void replacesThePeerUnlessItCarriesVms() throws Exception {
        Site a = site(one);
        Site b = site(two);
        Site c = site(three);
        pairBoth(a, b);
        a.carriesVms = true;
        RequestException e = assertThrows(RequestException.class, () -> a.link.pair(c.address()));
        assertEquals(ErrorCode.CONFLICT, e.error());
        a.link.pair(b.address());
        a.carriesVms = false;
        pairBoth(a, c);
        b.awaitStatus(Status.NOT_PAIRED);
    }

    /** Says Hello as a stranger and returns the answer. */
    private Message.HelloReply knock(TestIdentity identity, Site at, String listenIp) throws Exception {
        LaneTransport transport = opened(new LaneTransport(identity, LaneSettings.defaults()));
        Knock knock = new Knock();
        transport
                .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), at.link.port()), knock)
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS)
                .send(new Message.Hello(1, 0, identity.vrgUuid(), listenIp, 9, new byte[32]));
        Message.HelloReply reply = assertInstanceOf(Message.HelloReply.class, knock.next());
        knock.awaitClosed();
        return reply;
    }

    /** Listens to one lane. */
    private static final class Knock implements LaneListener {
        final BlockingQueue<Message> received = new LinkedBlockingQueue<>();
        private final BlockingQueue<String> closed = new LinkedBlockingQueue<>();

        Message next() throws InterruptedException {
            Message message = received.poll(10, TimeUnit.SECONDS);
            assertTrue(message != null, "no message came");
            return message;
        }

        void awaitClosed() throws InterruptedException {
            assertTrue(closed.poll(10, TimeUnit.SECONDS) != null, "not closed");
        }

        @Override
        public void opened(Lane lane) {}

        @Override
        public void received(Lane lane, Message message) {
            received.add(message);
        }

        @Override
        public void writable(Lane lane) {}

        @Override
        public void closed(Lane lane, String reason) {
            closed.add(reason);
        }
    }
}
