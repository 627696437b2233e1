package org.openvrg.link.internal;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.Identity;
import org.openvrg.api.service.PairingService;
import org.openvrg.link.LinkListener;
import org.openvrg.link.PeerLink;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneTransport;

/** The link as others use it: puts transport, thread and state together. Thread-safe. */
final class LinkService implements PeerLink, PairingService, AutoCloseable {
    private final List<LinkListener> listeners = new CopyOnWriteArrayList<>();
    private final BooleanSupplier carriesVms;
    private final LinkStatus status;
    private final LinkThread thread = new LinkThread();
    private final LaneTransport transport;
    private final LinkCore core;
    private final int port;

    /**
     * Starts it.
     *
     * @param alarms where alarms go, if anywhere
     * @param carriesVms whether VMs are protected between this gateway and its peer
     * @throws LinkException when the port can't be bound
     */
    LinkService(
            LinkSettings settings,
            Identity identity,
            ConfigStore store,
            Supplier<Optional<AlarmService>> alarms,
            BooleanSupplier carriesVms)
            throws LinkException {
        this.carriesVms = carriesVms;
        status = new LinkStatus(alarms);
        transport = new LaneTransport(identity, settings.laneSettings());
        core = new LinkCore(settings, identity, new PairingStore(store), status, thread, transport, listeners);
        try {
            port = core.start();
        } catch (LinkException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** The port where it takes connections. */
    int port() {
        return port;
    }

    @Override
    public Optional<Lane> outboundLane(UUID vmUuid, boolean encrypted) {
        return core.outboundLane(vmUuid, encrypted);
    }

    @Override
    public AutoCloseable listen(LinkListener listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public void pair(Peer peer) throws RequestException {
        Optional<Peer> present = thread.call(core::peer);
        if (present.isPresent() && !present.get().equals(peer) && carriesVms.getAsBoolean()) {
            throw new RequestException(
                    ErrorCode.CONFLICT,
                    "the peer " + LinkStatus.subject(present.get())
                            + " carries VMs; remove their strategies before another peer is named",
                    "对端 " + present.get().ip() + " 端口 " + present.get().port() + " 上仍有受保护的虚拟机，请先移除保护策略");
        }
        thread.call(() -> {
            core.pair(peer);
            return true;
        });
    }

    @Override
    public void unpair() {
        thread.call(() -> {
            core.unpair();
            return true;
        });
    }

    @Override
    public Optional<Peer> peer() {
        return status.peer();
    }

    @Override
    public Status status() {
        return status.status();
    }

    /** Tells alarms that came late how the link stands. */
    void alarmsArrived() {
        thread.execute(core::publish);
    }

    @Override
    public void close() {
        thread.execute(core::stop);
        transport.close();
        thread.close();
    }
}
