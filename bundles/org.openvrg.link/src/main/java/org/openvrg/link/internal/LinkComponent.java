package org.openvrg.link.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.Identity;
import org.openvrg.api.service.PairingService;
import org.openvrg.api.service.ProtectionService;
import org.openvrg.link.LinkListener;
import org.openvrg.link.PeerLink;
import org.openvrg.wire.Lane;
import org.openvrg.wire.LaneSettings;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.ComponentServiceObjects;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * Offers the link. The replication engine needs the link and is asked by it, so it is only got while it is asked:
 * otherwise the two would wait for each other.
 */
@Component(
        service = {PeerLink.class, PairingService.class},
        configurationPid = "org.openvrg.link",
        configurationPolicy = ConfigurationPolicy.REQUIRE,
        immediate = true)
@Designate(ocd = LinkComponent.Config.class)
public final class LinkComponent implements PeerLink, PairingService {
    private static final int MAX_SECRET_BYTES = 4096;
    private static final int MAX_CONNECTIONS = 256;

    private final AtomicReference<Optional<ComponentServiceObjects<AlarmService>>> alarms =
            new AtomicReference<>(Optional.empty());
    private final AtomicReference<Optional<ComponentServiceObjects<ProtectionService>>> protection =
            new AtomicReference<>(Optional.empty());
    private final LinkService link;

    /** Configuration {@code org.openvrg.link}. */
    @ObjectClassDefinition(name = "VRG link")
    @interface Config {
        /** Where to take connections. */
        @AttributeDefinition(name = "address", description = "IP address to listen at")
        String address() default "0.0.0.0";

        /** Its port. */
        @AttributeDefinition(name = "port", description = "TCP port, 0 for a free one")
        int port() default 7000;

        /** How the peer reaches this gateway. */
        @AttributeDefinition(
                name = "advertised-address",
                description = "IP address under which the peer reaches this gateway; empty: what the peer sees")
        String advertised$_$address() default "";

        /** File with the pairing secret. */
        @AttributeDefinition(
                name = "pairing-secret-file",
                description = "File with a secret that both gateways have; empty: pairing by mutual consent only")
        String pairing$_$secret$_$file() default "";

        /** How many lanes. */
        @AttributeDefinition(name = "lanes", description = "TLS lanes to the peer, 1 to 16")
        int lanes() default 2;

        /** Whether clear lanes are allowed. */
        @AttributeDefinition(name = "clear-lanes", description = "Whether VMs without encryption travel in the clear")
        boolean clear$_$lanes() default true;

        /** Limit over all lanes. */
        @AttributeDefinition(name = "bandwidth-limit-bytes-per-second", description = "Over all lanes, 0 for none")
        long bandwidth$_$limit$_$bytes$_$per$_$second() default 0;

        /** Heartbeats. */
        @AttributeDefinition(name = "heartbeat-interval-millis", description = "10 to 60000")
        int heartbeat$_$interval$_$millis() default 1000;

        /** Silence that ends a lane. */
        @AttributeDefinition(name = "peer-timeout-millis", description = "At least twice the heartbeat interval")
        int peer$_$timeout$_$millis() default 4000;
    }

    /** Starts the link; fails when a value is wrong or the port is taken. */
    @Activate
    public LinkComponent(@Reference Identity identity, @Reference ConfigStore store, Config config)
            throws LinkException, IOException {
        link = new LinkService(
                settings(config), identity, store, () -> alarms.get().map(OneCallAlarms::new), () -> ask(
                                protection.get(), service -> !service.reports().isEmpty())
                        .orElse(false));
    }

    private static LinkSettings settings(Config config) throws IOException {
        LaneSettings defaults = LaneSettings.defaults();
        LaneSettings lanes;
        try {
            lanes = new LaneSettings(
                    config.heartbeat$_$interval$_$millis(),
                    config.peer$_$timeout$_$millis(),
                    defaults.connectTimeoutMillis(),
                    defaults.handshakeTimeoutMillis(),
                    config.bandwidth$_$limit$_$bytes$_$per$_$second(),
                    defaults.highWaterBytes(),
                    defaults.lowWaterBytes(),
                    MAX_CONNECTIONS,
                    defaults.eventLoopThreads());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("configuration of org.openvrg.link: " + e.getMessage(), e);
        }
        return new LinkSettings(
                config.address().trim(),
                config.port(),
                config.advertised$_$address().trim(),
                secret(config.pairing$_$secret$_$file().trim()),
                config.lanes(),
                config.clear$_$lanes(),
                lanes);
    }

    private static Optional<LinkSettings.Secret> secret(String file) throws IOException {
        if (file.isEmpty()) {
            return Optional.empty();
        }
        Path path = Path.of(file);
        if (!Files.isRegularFile(path) || Files.size(path) > MAX_SECRET_BYTES) {
            throw new IllegalArgumentException("pairing-secret-file of org.openvrg.link is '" + file
                    + "'; it must be a file of at most " + MAX_SECRET_BYTES + " bytes");
        }
        byte[] bytes =
                Files.readString(path, StandardCharsets.ISO_8859_1).trim().getBytes(StandardCharsets.ISO_8859_1);
        return Optional.of(new LinkSettings.Secret(bytes));
    }

    /** Where alarms go. */
    @Reference(
            service = AlarmService.class,
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void bindAlarms(ComponentServiceObjects<AlarmService> service) {
        alarms.set(Optional.of(service));
        link.alarmsArrived();
    }

    void unbindAlarms(ServiceReference<AlarmService> service) {
        alarms.updateAndGet(
                present -> present.filter(known -> !known.getServiceReference().equals(service)));
    }

    /** Who knows whether VMs are carried. */
    @Reference(
            service = ProtectionService.class,
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void bindProtection(ComponentServiceObjects<ProtectionService> service) {
        protection.set(Optional.of(service));
    }

    void unbindProtection(ServiceReference<ProtectionService> service) {
        protection.updateAndGet(
                present -> present.filter(known -> !known.getServiceReference().equals(service)));
    }

    /** Gets a service for one question. */
    private static <S, T> Optional<T> ask(Optional<ComponentServiceObjects<S>> objects, Function<S, T> question) {
        if (objects.isEmpty()) {
            return Optional.empty();
        }
        Optional<S> service = Optional.ofNullable(objects.get().getService());
        try {
            return service.map(question);
        } finally {
            service.ifPresent(objects.get()::ungetService);
        }
    }

    /** Gets the alarm service for each alarm. */
    private record OneCallAlarms(ComponentServiceObjects<AlarmService> objects) implements AlarmService {
        @Override
        public void raise(Kind kind, String subject, String text) {
            ask(Optional.of(objects), service -> {
                service.raise(kind, subject, text);
                return true;
            });
        }

        @Override
        public void clear(Kind kind, String subject) {
            ask(Optional.of(objects), service -> {
                service.clear(kind, subject);
                return true;
            });
        }
    }

    /** Closes all lanes. */
    @Deactivate
    public void deactivate() {
        link.close();
    }

    @Override
    public Optional<Lane> outboundLane(UUID vmUuid, boolean encrypted) {
        return link.outboundLane(vmUuid, encrypted);
    }

    @Override
    public AutoCloseable listen(LinkListener listener) {
        return link.listen(listener);
    }

    @Override
    public void pair(Peer peer) throws RequestException {
        link.pair(peer);
    }

    @Override
    public void unpair() {
        link.unpair();
    }

    @Override
    public Optional<Peer> peer() {
        return link.peer();
    }

    @Override
    public Status status() {
        return link.status();
    }
}
