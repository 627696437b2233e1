package org.openvrg.control.internal;

import java.time.Clock;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.SessionService;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** Wires users and sessions, and makes the first user. */
@Component(
        service = SessionService.class,
        immediate = true,
        configurationPid = "org.openvrg.control",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class SessionServiceComponent extends Users {
    private final LockAlarms locks;

    /** Over the configuration store. */
    @Activate
    public SessionServiceComponent(Config config, @Reference ConfigStore store, @Reference AlarmService alarms) {
        this(config, store, new LockAlarms(alarms, Clock.systemUTC()));
    }

    private SessionServiceComponent(Config config, ConfigStore store, LockAlarms locks) {
        super(store, Clock.systemUTC(), System::nanoTime, new PasswordHasher(PasswordHasher.DEFAULT_COST), locks);
        this.locks = locks;
        Settings settings = Settings.of(config.database(), config.admin$_$password$_$file());
        FirstUser.ensure(this, settings.adminPasswordFile(), settings.directory());
    }

    /** Ends the timer of the locks. */
    @Deactivate
    void deactivate() {
        locks.close();
    }
}
