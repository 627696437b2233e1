package org.openvrg.nbd.internal;

import java.io.IOException;
import java.net.URI;
import org.openvrg.api.block.ExportCatalog;
import org.openvrg.api.block.ExportServer;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.service.Identity;
import org.openvrg.nbd.NbdSettings;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/** Runs the NBD server over the export catalogs of the appliance, which may come and go. */
@Component(
        service = ExportServer.class,
        immediate = true,
        configurationPid = "org.openvrg.nbd",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = NbdServerComponent.Config.class)
public final class NbdServerComponent implements ExportServer {
    private final NbdServer server;
    private final HostAddress hostAddress;

    /** Configuration. */
    @ObjectClassDefinition(name = "VRG NBD server")
    @interface Config {
        @AttributeDefinition(description = "IP address to listen on")
        String address() default "127.0.0.1";

        @AttributeDefinition(
                description = "IP address or host name that hypervisors are told; empty: the one to listen on")
        String host$_$address() default "";

        @AttributeDefinition(description = "TCP port")
        int port() default 10809;

        @AttributeDefinition(description = "off, optional or required")
        String tls() default "off";

        @AttributeDefinition(description = "SHA-256 of the client certificates that are let in under TLS, with commas")
        String tls$_$client$_$fingerprints() default "";

        @AttributeDefinition(description = "IP addresses and CIDR ranges that may connect, with commas; empty: any")
        String allow() default "";

        @AttributeDefinition(description = "Open connections, 1..100000")
        int max$_$connections() default 20_000;
    }

    /** Listens. */
    @Activate
    public NbdServerComponent(@Reference Identity identity, Config config) throws IOException {
        NbdSettings settings = NbdSettings.parse(
                config.address(),
                config.port(),
                config.tls(),
                config.allow(),
                config.tls$_$client$_$fingerprints(),
                config.max$_$connections());
        hostAddress = HostAddress.of(config.host$_$address(), settings, "vrg-" + identity.vrgUuid());
        server = new NbdServer(settings, identity);
        server.start();
    }

    @Override
    public URI uri(String exportName) throws PlatformException {
        return hostAddress.uri(server.port(), exportName);
    }

    /** A catalog came. */
    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addCatalog(ExportCatalog catalog) {
        server.add(catalog);
    }

    /** A catalog went. */
    void removeCatalog(ExportCatalog catalog) {
        server.remove(catalog);
    }

    /** Stops. */
    @Deactivate
    public void stop() {
        server.close();
    }
}
