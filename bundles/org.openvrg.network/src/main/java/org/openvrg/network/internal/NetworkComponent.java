package org.openvrg.network.internal;

import java.io.IOException;
import org.openvrg.api.service.NetworkService;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.Designate;

/** Offers the networks, and takes up a change that a former process left unsettled. */
@Component(
        service = NetworkService.class,
        immediate = true,
        configurationPid = "org.openvrg.network",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Config.class)
public final class NetworkComponent extends GatewayNetworks {
    /** Fails when a value is wrong. */
    @Activate
    public NetworkComponent(Config config, @Reference ConfigurationAdmin configurations) throws IOException {
        super(Settings.of(config), new ConfiguredListeners(configurations), new ProcessRunner());
    }

    @Override
    @Deactivate
    public void close() {
        super.close();
    }
}
