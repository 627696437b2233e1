package org.openvrg.link.internal;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.Identity;
import org.openvrg.api.service.PairingService.Peer;
import org.openvrg.api.service.PairingService.Status;
import org.openvrg.link.LinkListener;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneSettings;
import org.openvrg.wire.Message;

/** A gateway's link with everything around it in memory. */
final class Site implements AutoCloseable {
    static final String HOST = "127.0.0.1";
    private static final long DEADLINE_SECONDS = 30;

    final Store store;
    final Alarms alarms = new Alarms();
    final BlockingQueue<Arrived> arrived = new LinkedBlockingQueue<>();
    final BlockingQueue<Lane> closed = new LinkedBlockingQueue<>();
    final LinkService link;
    volatile boolean carriesVms;

    record Arrived(Lane lane, Message.OfVm message) {}

    Site(Identity identity, Store store, LinkSettings settings) throws Exception {
        this.store = store;
        link = new LinkService(settings, identity, store, () -> Optional.of(alarms), () -> carriesVms);
        link.listen(new LinkListener() {
            @Override
            public void received(Lane lane, Message.OfVm message) {
                arrived.add(new Arrived(lane, message));
            }

            @Override
            public void writable(Lane lane) {}

            @Override
            public void closed(Lane lane) {
                closed.add(lane);
            }

            @Override
            public void lanesChanged() {}
        });
    }

    static Site start(Identity identity) throws Exception {
        return new Site(identity, new Store(), settings(0, Optional.empty(), true));
    }

    static LinkSettings settings(int port, Optional<String> secret, boolean clearLanes) {
        return new LinkSettings(
                HOST,
                port,
                "",
                secret.map(text -> new LinkSettings.Secret(text.getBytes(StandardCharsets.UTF_8))),
                2,
                clearLanes,
                LaneSettings.defaults().withHeartbeat(100, 1500));
    }

    Peer address() {
        return new Peer(HOST, link.port());
    }

    void awaitStatus(Status status) {
        await(() -> link.status() == status, () -> "status " + status + ", is " + link.status());
    }

    Lane awaitLane(UUID vm, boolean encrypted) {
        await(() -> link.outboundLane(vm, encrypted).isPresent(), () -> "a lane");
        return link.outboundLane(vm, encrypted).orElseThrow();
    }

    Arrived next() throws InterruptedException {
        Arrived one = arrived.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
        if (one == null) {
            throw new AssertionError("no message came");
        }
        return one;
    }

    static void await(BooleanSupplier condition, java.util.function.Supplier<String> what) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + DEADLINE_SECONDS + " s: " + what.get());
            }
            LockSupport.parkNanos(2_000_000);
        }
    }

    @Override
    public void close() {
        link.close();
    }

    /** Configuration in memory. */
    static final class Store implements ConfigStore {
        private final Map<String, String> values = new ConcurrentHashMap<>();

        @Override
        public Optional<String> get(String area, String key) {
            return Optional.ofNullable(values.get(area + "/" + key));
        }

        @Override
        public Map<String, String> all(String area) {
            return Map.of();
        }

        @Override
        public void put(String area, String key, String value) {
            values.put(area + "/" + key, value);
        }

        @Override
        public void remove(String area, String key) {
            values.remove(area + "/" + key);
        }
    }

    /** Alarms that are raised now. */
    static final class Alarms implements AlarmService {
        final Set<Kind> raised = ConcurrentHashMap.newKeySet();

        @Override
        public void raise(Kind kind, String subject, String text) {
            raised.add(kind);
        }

        @Override
        public void clear(Kind kind, String subject) {
            raised.remove(kind);
        }
    }
}
