package org.openvrg.control.internal;

import java.time.Clock;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.SessionService;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Reference;

/** Wires users and sessions, and makes the first user. */
@Component(
        service = SessionService.class,
        immediate = true,
        configurationPid = "org.openvrg.control",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class SessionServiceComponent extends Users {
    /** Over the configuration store. */
    @Activate
    public SessionServiceComponent(Config config, @Reference ConfigStore store) {
        super(store, Clock.systemUTC(), System::nanoTime, new PasswordHasher(PasswordHasher.DEFAULT_COST));
        Settings settings = Settings.of(config.database(), config.admin$_$password$_$file());
        FirstUser.ensure(this, settings.adminPasswordFile(), settings.directory());
    }
}
