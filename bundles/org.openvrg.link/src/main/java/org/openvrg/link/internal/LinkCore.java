package org.openvrg.link.internal;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.service.Identity;
import org.openvrg.api.service.PairingService.Peer;
import org.openvrg.link.LinkListener;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneTransport;
import org.openvrg.wire.Message;
import org.openvrg.wire.Message.Hello;
import org.openvrg.wire.Message.HelloReply;
import org.openvrg.wire.Message.Verdict;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state of the link: who is the peer, which lanes stand. Runs on the link's thread alone, but for what is said to
 * be for any thread. A decision about trust is on stable storage before the peer is told of it.
 */
final class LinkCore {
    private static final Logger LOG = LoggerFactory.getLogger(LinkCore.class);

    /** What a peer that is not accepted learns instead of the identity. */
    private static final UUID NOBODY = new UUID(0, 0);

    /** Most time from TLS to the acceptance. */
    private static final int HELLO_TIMEOUT_MILLIS = 5000;

    /** How long the first lanes wait for the others before VMs are spread over them. */
    private static final int GATHER_MILLIS = 500;

    private final LinkSettings settings;
    private final Identity identity;
    private final PairingStore store;
    private final LinkStatus status;
    private final LinkThread thread;
    private final LaneTransport transport;
    private final List<LinkListener> listeners;
    private final ClearTokens tokens = new ClearTokens(System::nanoTime);
    private final OutboundLanes outbound = new OutboundLanes();
    private final ClearLanes clear;
    private final Set<PeerLane> inbound = new LinkedHashSet<>();
    private List<Dialer> dialers = List.of();
    private Optional<Pairing> pairing = Optional.empty();
    private Optional<String> candidate = Optional.empty();
    private Optional<String> farewell = Optional.empty();
    private Optional<String> failure = Optional.empty();
    private List<Lane> shown = List.of();
    private boolean stopped;
    private boolean tried;
    private boolean gathering;
    private boolean gathered;
    private int listenPort;

    LinkCore(
            LinkSettings settings,
            Identity identity,
            PairingStore store,
            LinkStatus status,
            LinkThread thread,
            LaneTransport transport,
            List<LinkListener> listeners) {
        this.settings = settings;
        this.identity = identity;
        this.store = store;
        this.status = status;
        this.thread = thread;
        this.transport = transport;
        this.listeners = listeners;
        this.clear = new ClearLanes(
                settings,
                thread,
                transport,
                round -> new LaneEvents(this, thread, listeners, false, Optional.empty(), round),
                this::tellLanesChanged);
    }

    /** Takes connections, and goes on with the peer of the last run; called once, on any thread. Returns the port. */
    int start() throws LinkException {
        // before the first peer can come
        thread.call(() -> {
            pairing = store.load();
            farewell = store.farewell();
            return true;
        });
        listenPort = transport.listen(
                new InetSocketAddress(settings.address(), settings.port()),
                new LaneEvents(this, thread, listeners, true, Optional.empty(), 0),
                token -> settings.clearLanes() && tokens.redeem(token));
        return thread.call(() -> {
            startDialing();
            return listenPort;
        });
    }

    /** Ends all that it does by itself; what happens while the lanes close raises no alarm. */
    void stop() {
        stopped = true;
        dialers.forEach(dialer -> dialer.stop("this gateway stops"));
    }

    /** The lane of a VM; any thread. */
    Optional<Lane> outboundLane(UUID vmUuid, boolean encrypted) {
        return encrypted ? outbound.laneOf(vmUuid) : clear.laneOf(vmUuid, outbound);
    }

    // ---- pairing ------------------------------------------------------------------------------------------------

    Optional<Peer> peer() {
        return pairing.map(Pairing::peer);
    }

    /** Takes a peer, in place of the present one. */
    void pair(Peer peer) {
        if (peer().equals(Optional.of(peer))) {
            dialers.forEach(this::dialIfWanted);
            return;
        }
        unpair();
        store.removeFarewell();
        farewell = Optional.empty();
        Pairing fresh = new Pairing(peer, Optional.empty());
        store.save(fresh);
        pairing = Optional.of(fresh);
        startDialing();
    }

    /** Tells the peer where it can be reached, and forgets it. */
    void unpair() {
        Optional<String> pinned = pinned();
        if (pinned.isPresent()) {
            store.saveFarewell(pinned.get());
            farewell = pinned;
        }
        tlsLanes().stream().findFirst().ifPresent(lane -> lane.lane().send(new Message.Unpair()));
        forget("unpaired");
    }

    private void forget(String reason) {
        if (pairing.isEmpty()) {
            return;
        }
        store.remove();
        pairing = Optional.empty();
        candidate = Optional.empty();
        failure = Optional.empty();
        tried = false;
        tokens.clear();
        dialers.forEach(dialer -> dialer.stop(reason));
        dialers = List.of();
        inbound.forEach(lane -> lane.lane().close(reason));
        inbound.clear();
        LOG.info("pairing removed: {}", reason);
        publish();
    }

    private void pin(Peer peer, String fingerprint, UUID vrgUuid) {
        Pairing pinned = new Pairing(peer, Optional.of(new Pairing.Pin(fingerprint, vrgUuid.toString())));
        store.save(pinned);
        if (farewell.equals(Optional.of(fingerprint))) {
            store.removeFarewell();
            farewell = Optional.empty();
        }
        boolean adopted = pairing.isEmpty();
        pairing = Optional.of(pinned);
        failure = Optional.empty();
        LOG.info("paired with gateway {} at {}, certificate {}", vrgUuid, LinkStatus.subject(peer), fingerprint);
        if (adopted) {
            startDialing();
        } else {
            dialers.forEach(this::dialIfWanted);
        }
    }

    private Optional<String> pinned() {
        return pairing.flatMap(Pairing::pin).map(Pairing.Pin::fingerprint);
    }

    private TrustRules.Known known() {
        return new TrustRules.Known(
                identity.vrgUuid(), identity.fingerprint(), pairing.isPresent(), pinned(), candidate, farewell);
    }

    private void startDialing() {
        dialers.forEach(dialer -> dialer.stop("dialled anew"));
        dialers = List.of();
        if (pairing.isPresent()) {
            List<Dialer> fresh = new ArrayList<>();
            for (int i = 0; i < settings.lanes(); i++) {
                fresh.add(new Dialer(thread, this::connect));
            }
            dialers = List.copyOf(fresh);
            dialers.forEach(this::dialIfWanted);
        }
        publish();
    }

    /** One lane is enough to find out whether the peer consents; the others follow. */
    private void dialIfWanted(Dialer dialer) {
        if (pinned().isPresent() || dialer == dialers.get(0)) {
            dialer.dial();
        }
    }

    private void connect(Dialer dialer) {
        Peer peer = pairing.orElseThrow().peer();
        transport
                .connect(
                        new InetSocketAddress(peer.ip(), peer.port()),
                        new LaneEvents(this, thread, listeners, false, Optional.of(dialer), 0))
                .whenComplete((lane, problem) -> {
                    if (problem != null) {
                        LOG.debug("peer can't be reached", problem);
                        thread.execute(() -> attemptEnded(dialer));
                    }
                });
    }

    private void attemptEnded(Dialer dialer) {
        dialer.ended();
        if (!dialer.isStopped()) {
            tried = true;
            publish();
        }
    }

    // ---- events of lanes ----------------------------------------------------------------------------------------

    /** A lane stands. */
    void opened(PeerLane lane, Optional<Dialer> dialer) {
        switch (lane.role()) {
            case OUTBOUND -> openedOutbound(lane, dialer.orElseThrow());
            case CLEAR_OUTBOUND -> clear.opened(lane);
            case INBOUND -> {
                inbound.add(lane);
                expectHello(lane);
            }
            case CLEAR_INBOUND -> {
                inbound.add(lane);
                publish();
            }
        }
    }

    private void openedOutbound(PeerLane lane, Dialer dialer) {
        if (dialer.isStopped()) {
            lane.lane().close("another peer is named now");
            return;
        }
        dialer.connected(lane);
        String fingerprint = fingerprint(lane);
        if (fingerprint.equals(identity.fingerprint())) {
            fail(lane, "the named peer is this gateway itself");
        } else if (pinned().isPresent() && !pinned().get().equals(fingerprint)) {
            status.certificateChanged(pairing.orElseThrow().peer(), fingerprint);
            fail(lane, "the peer's certificate is not the pinned one");
        } else {
            candidate = Optional.of(fingerprint);
            lane.lane()
                    .send(new Hello(
                            TrustRules.VERSION,
                            pinned().isPresent() ? TrustRules.PAIRED : 0,
                            identity.vrgUuid(),
                            settings.advertisedAddress(),
                            listenPort,
                            settings.proof(identity.fingerprint(), fingerprint, true)));
            expectHello(lane);
        }
    }

    private void fail(PeerLane lane, String reason) {
        failure = Optional.of(reason);
        lane.lane().close(reason);
        publish();
    }

    private void expectHello(PeerLane lane) {
        thread.schedule(
                () -> {
                    if (!lane.wasAccepted()) {
                        lane.lane().close("not accepted within " + HELLO_TIMEOUT_MILLIS + " ms");
                    }
                },
                HELLO_TIMEOUT_MILLIS);
    }

    /** A lane ended. */
    void closed(PeerLane lane, String reason, Optional<Dialer> dialer) {
        LOG.debug("{} closed: {}", lane, reason);
        inbound.remove(lane);
        clear.closed(lane);
        dialer.ifPresent(this::attemptEnded);
        publish();
    }

    /** A message about the connection. */
    void handle(PeerLane lane, Message.OfConnection message) {
        boolean inTime = !lane.wasAccepted();
        if (message instanceof Hello hello && lane.role() == PeerLane.Role.INBOUND && inTime) {
            answer(lane, hello);
        } else if (message instanceof HelloReply reply && lane.role() == PeerLane.Role.OUTBOUND && inTime) {
            answered(lane, reply);
        } else if (message instanceof Message.Unpair) {
            unpaired(lane);
        } else if (message instanceof Message.LaneTokenRequest
                && lane.isAccepted()
                && lane.lane().encrypted()) {
            giveToken(lane);
        } else if (message instanceof Message.LaneToken token && lane.role() == PeerLane.Role.OUTBOUND && !inTime) {
            clear.token(token.token());
        } else {
            lane.lane().close(message.getClass().getSimpleName() + " is out of place");
        }
    }

    private void giveToken(PeerLane lane) {
        byte[] token = settings.clearLanes() ? tokens.issue() : new byte[0];
        if (token.length > 0 || !settings.clearLanes()) {
            lane.lane().send(new Message.LaneToken(token));
        }
    }

    /** Heeded from the pinned peer only, on an accepted lane or in place of its answer to a Hello. */
    private void unpaired(PeerLane lane) {
        boolean current = inbound.contains(lane) || dialerOf(lane).isPresent();
        if (current
                && lane.lane().encrypted()
                && pinned().isPresent()
                && pinned().equals(lane.lane().peerFingerprint())) {
            forget("the peer's operator removed it");
        } else {
            dialerOf(lane).ifPresent(Dialer::retrySoon);
            lane.lane().close("unpaired");
        }
    }

    // ---- Hello --------------------------------------------------------------------------------------------------

    private void answer(PeerLane lane, Hello hello) {
        String fingerprint = fingerprint(lane);
        boolean proven = settings.verify(fingerprint, identity.fingerprint(), true, hello.pairingProof());
        switch (TrustRules.answer(known(), hello, fingerprint, proven)) {
            case ACCEPT -> accept(lane, fingerprint);
            case PIN -> {
                pin(pairing.orElseThrow().peer(), fingerprint, hello.vrgUuid());
                accept(lane, fingerprint);
            }
            case ADOPT -> {
                pin(
                        new Peer(TrustRules.listenIp(hello, lane.lane().remoteAddress()), hello.listenPort()),
                        fingerprint,
                        hello.vrgUuid());
                accept(lane, fingerprint);
            }
            case PENDING -> turnAway(lane, Verdict.PENDING, "the operator of this gateway has not named yours yet");
            case FAREWELL -> {
                lane.lane().send(new Message.Unpair());
                lane.lane().close("unpaired");
            }
            case REFUSE -> refuse(lane, hello, fingerprint);
        }
    }

    private void accept(PeerLane lane, String fingerprint) {
        lane.accept();
        byte[] proof = settings.proof(fingerprint, identity.fingerprint(), false);
        lane.lane().send(new HelloReply(TrustRules.VERSION, 0, identity.vrgUuid(), Verdict.ACCEPTED, "", proof));
        dialers.forEach(this::dialIfWanted);
        publish();
    }

    private void refuse(PeerLane lane, Hello hello, String fingerprint) {
        if (known().isSelf(fingerprint, hello.vrgUuid())) {
            turnAway(lane, Verdict.REFUSED, "this is the gateway itself");
        } else if (hello.version() != TrustRules.VERSION) {
            turnAway(lane, Verdict.REFUSED, "this gateway speaks version " + TrustRules.VERSION + " only");
        } else {
            boolean claimsToBePeer = pairing.flatMap(Pairing::pin)
                    .filter(pin -> pin.vrgUuid().equals(hello.vrgUuid().toString()))
                    .isPresent();
            if (claimsToBePeer) {
                status.certificateChanged(pairing.orElseThrow().peer(), fingerprint);
                failure = Optional.of("the peer's certificate is not the pinned one");
            }
            turnAway(lane, Verdict.REFUSED, "this gateway is paired, and not with this certificate");
        }
        publish();
    }

    private void turnAway(PeerLane lane, Verdict verdict, String detail) {
        LOG.debug("{} turned away: {}", lane, detail);
        lane.lane().send(new HelloReply(TrustRules.VERSION, 0, NOBODY, verdict, detail, new byte[0]));
        lane.lane().close(detail);
    }

    private void answered(PeerLane lane, HelloReply reply) {
        Optional<Dialer> dialer = dialerOf(lane);
        if (dialer.isEmpty()) {
            lane.lane().close("another peer is named now");
            return;
        }
        String fingerprint = fingerprint(lane);
        boolean proven = settings.verify(identity.fingerprint(), fingerprint, false, reply.pairingProof());
        TrustRules.Outcome outcome = TrustRules.outcome(known(), reply, fingerprint, proven);
        switch (outcome) {
            case ACCEPT, PIN -> {
                if (outcome == TrustRules.Outcome.PIN) {
                    pin(pairing.orElseThrow().peer(), fingerprint, reply.vrgUuid());
                }
                lane.accept();
                dialer.get().accepted();
                failure = Optional.empty();
                publish();
            }
            case RETRY -> {
                failure = Optional.empty();
                dialer.get().retrySoon();
                lane.lane().close("the peer's operator has not named this gateway yet");
            }
            case FAILED -> fail(lane, "the peer refuses: " + reply.detail());
        }
    }

    private Optional<Dialer> dialerOf(PeerLane lane) {
        return dialers.stream()
                .filter(dialer -> dialer.lane().equals(Optional.of(lane)))
                .findFirst();
    }

    private static String fingerprint(PeerLane lane) {
        return lane.lane().peerFingerprint().orElseThrow();
    }

    /** Accepted TLS lanes, those opened here first. */
    private List<PeerLane> tlsLanes() {
        List<PeerLane> lanes = new ArrayList<>();
        dialers.forEach(dialer -> dialer.standing().ifPresent(lanes::add));
        inbound.stream()
                .filter(lane -> lane.role() == PeerLane.Role.INBOUND && lane.isAccepted())
                .forEach(lanes::add);
        return lanes;
    }

    /** Shows others how the link stands now. */
    void publish() {
        if (stopped) {
            return;
        }
        List<PeerLane> tls = tlsLanes();
        List<Lane> standing = tls.stream()
                .filter(lane -> lane.role() == PeerLane.Role.OUTBOUND)
                .map(PeerLane::lane)
                .toList();
        if (standing.size() == tls.size()) {
            tokens.clear();
            inbound.stream()
                    .filter(lane -> lane.role() == PeerLane.Role.CLEAR_INBOUND)
                    .forEach(lane -> lane.lane().close("the peer's TLS lanes are gone"));
        }
        status.set(pairing, !standing.isEmpty(), failure, tried);
        gather(standing);
        List<Lane> visible = gathered ? standing : List.of();
        if (!visible.equals(shown)) {
            shown = visible;
            outbound.set(visible);
            clear.standing(visible, peer().map(peer -> new InetSocketAddress(peer.ip(), peer.port())));
            tellLanesChanged();
        }
    }

    /** VMs are spread once, so the first lanes wait a moment for the others. */
    private void gather(List<Lane> standing) {
        if (standing.isEmpty()) {
            gathered = false;
        } else if (standing.size() == settings.lanes()) {
            gathered = true;
        } else if (!gathered && !gathering) {
            gathering = true;
            thread.schedule(
                    () -> {
                        gathering = false;
                        gathered = dialers.stream()
                                .anyMatch(dialer -> dialer.standing().isPresent());
                        publish();
                    },
                    GATHER_MILLIS);
        }
    }

    private void tellLanesChanged() {
        listeners.forEach(LinkListener::lanesChanged);
    }
}
