package org.openvrg.rest.internal;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.ws.rs.core.Application;
import org.openvrg.api.service.AlarmAdmin;
import org.openvrg.api.service.Identity;
import org.openvrg.api.service.NetworkService;
import org.openvrg.api.service.PairingService;
import org.openvrg.api.service.ProtectionService;
import org.openvrg.api.service.SessionService;
import org.openvrg.api.service.StrategyService;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.jaxrs.whiteboard.propertytypes.JaxrsApplicationBase;
import org.osgi.service.jaxrs.whiteboard.propertytypes.JaxrsName;

/**
 * The REST application: wires resources, filters, mappers and JSON.
 *
 * <p>All of them come as one service on purpose. Registered one by one, each would make the whiteboard build the
 * application anew, and for an instant a resource would answer without the session filter, or not at all while another
 * one already does. This way the first answer of {@code /versions} means that every call is served.
 *
 * <p>Further bundles add resources as usual, with {@code osgi.jaxrs.application.select=(osgi.jaxrs.name=vrg)}; the
 * filters and mappers here apply to them.
 */
@Component(service = Application.class, immediate = true)
@JaxrsName("vrg")
@JaxrsApplicationBase(VrgApplication.BASE)
public final class VrgApplication extends Application {
    /** Base of all calls. */
    static final String BASE = "/vrgservice";

    private final AtomicReference<Optional<ProtectionService>> engine = new AtomicReference<>(Optional.empty());
    private final AtomicReference<Optional<PairingService>> pairing = new AtomicReference<>(Optional.empty());
    private final AtomicReference<Optional<NetworkService>> networks = new AtomicReference<>(Optional.empty());
    private final AtomicReference<Optional<AlarmAdmin>> alarms = new AtomicReference<>(Optional.empty());
    private final Set<Object> singletons;

    /** Over the services that every call needs; link, engine and alarms may come and go. */
    @Activate
    public VrgApplication(
            @Reference SessionService sessions, @Reference StrategyService strategies, @Reference Identity identity) {
        Supplier<Optional<ProtectionService>> engines = engine::get;
        Set<Object> parts = new HashSet<>(List.of(
                new VersionsResource(),
                new SessionResource(sessions, identity),
                new PasswordResource(sessions),
                new PairingResource(pairing::get),
                new NetworkResource(networks::get),
                new ManagementNetworkResource(networks::get),
                new StrategyResource(strategies, engines),
                new VmStateResource(strategies, engines),
                new GatewayStatusResource(engines),
                new VmReportsResource(engines),
                new AlarmServerResource(alarms::get),
                new AlarmsResource(alarms::get),
                new IdentityResource(identity),
                new OpenApiResource()));
        AllowedMethods allowed = new AllowedMethods(parts);
        parts.addAll(List.of(
                new JsonProvider(),
                new HeaderFilter(),
                new SessionFilter(sessions, networks::get),
                new AuditFilter(new AuditLog(System::nanoTime)),
                new FailureMapper(),
                new WebFailureMapper(allowed)));
        this.singletons = Set.copyOf(parts);
    }

    @Override
    public Set<Object> getSingletons() {
        return singletons;
    }

    /** The engine arrived. */
    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, unbind = "unbindEngine")
    void bindEngine(ProtectionService arrived) {
        engine.set(Optional.of(arrived));
    }

    /** The engine goes. */
    void unbindEngine(ProtectionService gone) {
        engine.updateAndGet(now -> now.filter(service -> service != gone));
    }

    /** The link arrived. */
    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, unbind = "unbindPairing")
    void bindPairing(PairingService arrived) {
        pairing.set(Optional.of(arrived));
    }

    /** The link goes. */
    void unbindPairing(PairingService gone) {
        pairing.updateAndGet(now -> now.filter(service -> service != gone));
    }

    /** The networks arrived. */
    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, unbind = "unbindNetworks")
    void bindNetworks(NetworkService arrived) {
        networks.set(Optional.of(arrived));
    }

    /** The networks go. */
    void unbindNetworks(NetworkService gone) {
        networks.updateAndGet(now -> now.filter(service -> service != gone));
    }

    /** The alarms arrived. */
    @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC, unbind = "unbindAlarms")
    void bindAlarms(AlarmAdmin arrived) {
        alarms.set(Optional.of(arrived));
    }

    /** The alarms go. */
    void unbindAlarms(AlarmAdmin gone) {
        alarms.updateAndGet(now -> now.filter(service -> service != gone));
    }
}
