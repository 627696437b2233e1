package org.openvrg.link.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.openvrg.link.LinkListener;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;

class PeerLaneTest {
    private static final UUID VM = new UUID(1, 2);

    private final FakeLane lane = new FakeLane();
    private final List<Object> told = new ArrayList<>();
    private final LinkListener listener = new LinkListener() {
        @Override
        public void received(Lane from, Message.OfVm message) {
            told.add(message);
        }

        @Override
        public void writable(Lane of) {
            told.add("writable");
        }

        @Override
        public void closed(Lane ended) {
            told.add("closed");
        }

        @Override
        public void lanesChanged() {}
    };

    private PeerLane peerLane(PeerLane.Role role) {
        return new PeerLane(lane, role, List.of(listener), 0);
    }

    @Test
    void keepsWhatComesInTheMomentBeforeTheAcceptanceInOrder() {
        PeerLane peer = peerLane(PeerLane.Role.OUTBOUND);
        peer.received(new Message.Applied(VM, 1));
        peer.received(new Message.Applied(VM, 2));
        peer.writable();
        assertTrue(told.isEmpty());
        peer.accept();
        peer.received(new Message.Applied(VM, 3));
        assertEquals(List.of(new Message.Applied(VM, 1), new Message.Applied(VM, 2), new Message.Applied(VM, 3)), told);
    }

    @Test
    void keepsOnlyAFew() {
        PeerLane peer = peerLane(PeerLane.Role.OUTBOUND);
        for (int i = 0; i < 17; i++) {
            assertTrue(lane.isOpen());
            peer.received(new Message.Flush(VM));
        }
        assertFalse(lane.isOpen());
    }

    @Test
    void endsAnIncomingLaneThatSpeaksOfVmsTooEarly() {
        peerLane(PeerLane.Role.INBOUND).received(new Message.Flush(VM));
        assertFalse(lane.isOpen());
        assertTrue(told.isEmpty());
    }

    @Test
    void endsALaneThatFloodsTheLinkWithMessages() {
        PeerLane peer = peerLane(PeerLane.Role.INBOUND);
        List<Runnable> queued = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            peer.queue(new Message.Unpair(), (message, done) -> queued.add(done));
        }
        assertEquals(64, queued.size());
        assertFalse(lane.isOpen());
    }

    @Test
    void tellsTheEndOfAcceptedLanesOnly() {
        PeerLane never = peerLane(PeerLane.Role.OUTBOUND);
        never.closed();
        never.accept();
        assertFalse(never.isAccepted());
        assertTrue(told.isEmpty());
        PeerLane peer = peerLane(PeerLane.Role.OUTBOUND);
        peer.accept();
        peer.closed();
        peer.received(new Message.Flush(VM));
        assertEquals(List.of("closed"), told);
        assertTrue(peer.wasAccepted());
    }

    /** Remembers that it was closed. */
    private static final class FakeLane implements Lane {
        private boolean open = true;

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public boolean isWritable() {
            return open;
        }

        @Override
        public void send(Message message) {}

        @Override
        public void setReading(boolean reading) {}

        @Override
        public boolean encrypted() {
            return true;
        }

        @Override
        public Optional<String> peerFingerprint() {
            return Optional.empty();
        }

        @Override
        public String remoteAddress() {
            return "127.0.0.1:1";
        }

        @Override
        public long sentBytes() {
            return 0;
        }

        @Override
        public void close(String reason) {
            open = false;
        }
    }
}
