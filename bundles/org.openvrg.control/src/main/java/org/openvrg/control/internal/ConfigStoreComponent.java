package org.openvrg.control.internal;

import org.openvrg.api.service.ConfigStore;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.Designate;

/** Opens the configuration database for as long as the component is active. */
@Component(
        service = ConfigStore.class,
        immediate = true,
        configurationPid = "org.openvrg.control",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Config.class)
public final class ConfigStoreComponent extends SqliteConfigStore {
    /** Opens the database. */
    @Activate
    public ConfigStoreComponent(Config config) {
        super(Settings.of(config.database(), config.admin$_$password$_$file()).database());
    }

    @Override
    @Deactivate
    public void close() {
        super.close();
    }
}
