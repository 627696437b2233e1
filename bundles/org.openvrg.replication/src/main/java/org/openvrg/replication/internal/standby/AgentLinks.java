package org.openvrg.replication.internal.standby;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.service.Identity;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneListener;
import org.openvrg.wire.LaneTransport;
import org.openvrg.wire.Message;
import org.openvrg.wire.PairingProof;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections to writeagents, one for each address, shared by the VMs that use it, kept up for as long as any does.
 * Thread-safe.
 */
public final class AgentLinks implements Agents, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AgentLinks.class);
    private static final long FIRST_BACKOFF_MILLIS = 100;
    private static final long LAST_BACKOFF_MILLIS = 3_000;
    private static final int PROTOCOL_VERSION = 1;

    private final LaneTransport transport;
    private final Identity identity;
    private final Optional<byte[]> secret;
    private final ScheduledExecutorService timer;
    private final Map<InetSocketAddress, AgentLink> links = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /**
     * With a transport of its own, which it does not close.
     *
     * @param secret pairing secret, which also enrols this gateway on agents that hold it
     */
    public AgentLinks(
            LaneTransport transport, Identity identity, Optional<byte[]> secret, ScheduledExecutorService timer) {
        this.transport = transport;
        this.identity = identity;
        this.secret = secret;
        this.timer = timer;
    }

    @Override
    public void join(InetAddress address, int port, UUID vmUuid, Listener listener) {
        InetSocketAddress key = new InetSocketAddress(address, port);
        links.compute(key, (at, present) -> {
            AgentLink link = present == null ? new AgentLink(at) : present;
            link.add(vmUuid, listener);
            return link;
        });
    }

    @Override
    public void leave(InetAddress address, int port, UUID vmUuid) {
        links.computeIfPresent(new InetSocketAddress(address, port), (at, link) -> link.remove(vmUuid) ? null : link);
    }

    @Override
    public void close() {
        closed = true;
        links.values().forEach(AgentLink::end);
        links.clear();
    }

    private final class AgentLink implements LaneListener {
        private final InetSocketAddress address;
        private final Map<UUID, Listener> listeners = new ConcurrentHashMap<>();
        private Optional<Lane> accepted = Optional.empty();
        private Optional<Lane> opening = Optional.empty();
        private boolean ended;
        private boolean reconnectPlanned;
        private long backoffMillis = FIRST_BACKOFF_MILLIS;
        private String lastFailure = "";

        AgentLink(InetSocketAddress address) {
            this.address = address;
            timer.execute(this::connect);
        }

        synchronized void add(UUID vmUuid, Listener listener) {
            listeners.put(vmUuid, listener);
            accepted.ifPresent(listener::agentUp);
        }

        /** Returns whether nobody uses it any more; it is ended then. */
        synchronized boolean remove(UUID vmUuid) {
            listeners.remove(vmUuid);
            if (listeners.isEmpty()) {
                end();
            }
            return listeners.isEmpty();
        }

        synchronized void end() {
            ended = true;
            accepted.ifPresent(lane -> lane.close("no VM uses this agent any more"));
            opening.ifPresent(lane -> lane.close("no VM uses this agent any more"));
        }

        private void connect() {
            synchronized (this) {
                reconnectPlanned = false;
                if (ended || closed) {
                    return;
                }
            }
            transport.connect(address, this).whenComplete((lane, failure) -> {
                if (failure != null) {
                    down("the writeagent at " + address.getHostString() + ":" + address.getPort()
                            + " can't be reached");
                }
            });
        }

        @Override
        public void opened(Lane lane) {
            synchronized (this) {
                opening = Optional.of(lane);
            }
            byte[] proof = secret.map(key -> PairingProof.of(
                            key, identity.fingerprint(), lane.peerFingerprint().orElse(""), true))
                    .orElse(new byte[0]);
            lane.send(new Message.Hello(PROTOCOL_VERSION, 0, identity.vrgUuid(), "", 0, proof));
        }

        @Override
        public void received(Lane lane, Message message) {
            if (message instanceof Message.HelloReply reply) {
                onReply(lane, reply);
            } else if (message instanceof Message.OfVm about) {
                Listener listener = listeners.get(about.vmUuid());
                if (listener != null) {
                    listener.agentSent(about);
                }
            }
        }

        private void onReply(Lane lane, Message.HelloReply reply) {
            if (reply.verdict() != Message.Verdict.ACCEPTED || !trusted(lane, reply)) {
                lane.close("the writeagent does not accept this gateway: " + reply.detail());
                return;
            }
            synchronized (this) {
                if (ended) {
                    lane.close("no VM uses this agent any more");
                    return;
                }
                accepted = Optional.of(lane);
                backoffMillis = FIRST_BACKOFF_MILLIS;
                lastFailure = "";
                LOG.info("The writeagent at {} is connected", lane.remoteAddress());
                listeners.values().forEach(listener -> listener.agentUp(lane));
            }
        }

        /** An agent in the same appliance has our own certificate; another one proves that it holds the secret. */
        private boolean trusted(Lane lane, Message.HelloReply reply) {
            String peer = lane.peerFingerprint().orElse("");
            if (peer.equals(identity.fingerprint())) {
                return true;
            }
            return secret.isPresent()
                    && PairingProof.verify(secret.get(), identity.fingerprint(), peer, false, reply.pairingProof());
        }

        @Override
        public void writable(Lane lane) {
            listeners.values().forEach(Listener::agentWritable);
        }

        @Override
        public void closed(Lane lane, String reason) {
            down(reason);
        }

        private void down(String reason) {
            long wait;
            synchronized (this) {
                accepted = Optional.empty();
                opening = Optional.empty();
                if (ended || closed || reconnectPlanned) {
                    return;
                }
                reconnectPlanned = true;
                if (!reason.equals(lastFailure)) {
                    LOG.warn("The writeagent at {} is down: {}", address, reason);
                    lastFailure = reason;
                }
                listeners.values().forEach(listener -> listener.agentDown(reason));
                wait = ThreadLocalRandom.current().nextLong(backoffMillis / 2, backoffMillis + 1);
                backoffMillis = Math.min(LAST_BACKOFF_MILLIS, backoffMillis * 2);
            }
            timer.schedule(this::connect, wait, TimeUnit.MILLISECONDS);
        }
    }
}
