package org.openvrg.simulator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openvrg.link.LinkListener;
import org.openvrg.link.PeerLink;
import org.openvrg.link.internal.SimulatedTrust;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.Message;
import org.openvrg.wire.Message.Hello;
import org.openvrg.wire.Message.HelloReply;
import org.openvrg.wire.Message.Verdict;

/** The link of a paired gateway: greets by the real rules and opens lanes again for ever. */
final class SimLink implements PeerLink {
    private final Sim sim;
    private final SimNetwork network;
    private final SimProcess process;
    private final UUID vrgUuid;
    private final String fingerprint;
    private final String peerFingerprint;
    private final Arrivals arrivals;
    private final List<LinkListener> listeners = new ArrayList<>();
    private final List<Lane> outbound = new ArrayList<>();
    private final List<Lane> accepted = new ArrayList<>();

    SimLink(
            Sim sim,
            SimNetwork network,
            SimProcess process,
            UUID vrgUuid,
            String fingerprint,
            String peerFingerprint,
            Arrivals arrivals) {
        this.arrivals = arrivals;
        this.sim = sim;
        this.network = network;
        this.process = process;
        this.vrgUuid = vrgUuid;
        this.fingerprint = fingerprint;
        this.peerFingerprint = peerFingerprint;
    }

    /** Who looks at what arrives. */
    interface Arrivals {
        /** A message about the VM is handed to the gateway. */
        void arrived(Message.OfVm message);
    }

    /** Where the peer is at a moment, while it runs. */
    interface Peer {
        /** The link of the peer's present process. */
        Optional<SimLink> find();
    }

    /** Opens a lane and opens it again whenever it ends. */
    void dial(Peer peer) {
        Optional<SimLink> found = network.isUp() ? peer.find() : Optional.empty();
        if (found.isEmpty()) {
            redial(peer);
            return;
        }
        network.connect(
                process,
                found.get().process,
                new Outbound(peer),
                found.get().new Inbound(),
                fingerprint,
                peerFingerprint);
    }

    private void redial(Peer peer) {
        long millis = sim.between(50, 400);
        sim.after(TimeUnit.MILLISECONDS.toNanos(millis), process, Pool.NETWORK, () -> dial(peer));
    }

    @Override
    public Optional<Lane> outboundLane(UUID vmUuid, boolean encrypted) {
        return outbound.isEmpty() ? Optional.empty() : Optional.of(outbound.get(0));
    }

    /** The VM belongs on another lane from now on. */
    void moveLanes() {
        if (outbound.size() > 1) {
            outbound.add(outbound.remove(0));
            listeners.forEach(LinkListener::lanesChanged);
        }
    }

    @Override
    public AutoCloseable listen(LinkListener listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    private void pass(Lane lane, Message message) {
        if (accepted.contains(lane) && message instanceof Message.OfVm about) {
            sim.trace(() -> process + " gets " + about);
            arrivals.arrived(about);
            listeners.forEach(listener -> listener.received(lane, about));
        } else {
            lane.close("out of place");
        }
    }

    private void ended(Lane lane) {
        outbound.remove(lane);
        if (accepted.remove(lane) && process.alive()) {
            listeners.forEach(listener -> listener.closed(lane));
        }
    }

    private final class Outbound implements LaneListener {
        private final Peer peer;

        Outbound(Peer peer) {
            this.peer = peer;
        }

        @Override
        public void opened(Lane lane) {
            lane.send(new Hello(process.wireVersion(), 1, vrgUuid, "", 0, new byte[0]));
        }

        @Override
        public void received(Lane lane, Message message) {
            if (!(message instanceof HelloReply reply)) {
                pass(lane, message);
            } else if (SimulatedTrust.stands(vrgUuid, fingerprint, peerFingerprint, reply)) {
                accepted.add(lane);
                outbound.add(lane);
                listeners.forEach(LinkListener::lanesChanged);
            } else {
                lane.close("the peer refuses: " + reply.detail());
            }
        }

        @Override
        public void writable(Lane lane) {
            listeners.forEach(listener -> listener.writable(lane));
        }

        @Override
        public void closed(Lane lane, String reason) {
            sim.trace(() -> process + ": lane to the peer ended: " + reason);
            ended(lane);
            redial(peer);
        }
    }

    private final class Inbound implements LaneListener {
        @Override
        public void opened(Lane lane) {
            // the side that connected speaks first
        }

        @Override
        public void received(Lane lane, Message message) {
            if (!(message instanceof Hello hello)) {
                pass(lane, message);
            } else if (process.wireVersion() == 1
                    && SimulatedTrust.accepts(vrgUuid, fingerprint, peerFingerprint, hello)) {
                accepted.add(lane);
                lane.send(new HelloReply(1, 0, vrgUuid, Verdict.ACCEPTED, "", new byte[0]));
            } else {
                lane.send(new HelloReply(
                        process.wireVersion(), 0, new UUID(0, 0), Verdict.REFUSED, "version", new byte[0]));
                lane.close("refused");
            }
        }

        @Override
        public void writable(Lane lane) {
            listeners.forEach(listener -> listener.writable(lane));
        }

        @Override
        public void closed(Lane lane, String reason) {
            ended(lane);
        }
    }
}
