package org.openvrg.alarm.internal;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmAdmin;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.ConfigStore;
import org.openvrg.api.service.Identity;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.Designate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wires the alarms. The engine needs this service, so new settings never restart it, and ones that are not valid only
 * stop the sending.
 */
@Component(
        service = {AlarmService.class, AlarmAdmin.class},
        immediate = true,
        configurationPid = "org.openvrg.alarm",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Config.class)
public final class AlarmComponent implements AlarmService, AlarmAdmin {
    private static final Logger LOG = LoggerFactory.getLogger(AlarmComponent.class);

    private final String directory;
    private final AlarmCenter center;

    /** Takes up the alarms of the last run. */
    @Activate
    public AlarmComponent(@Reference ConfigStore store, @Reference Identity identity, Config config) {
        this.directory = config.directory();
        this.center = new AlarmCenter(path(directory), store, identity.vrgUuid(), Clock.systemUTC(), settings(config));
    }

    private static Path path(String directory) {
        try {
            if (directory != null && !directory.isBlank()) {
                return Path.of(directory.strip());
            }
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(
                    "org.openvrg.alarm: directory = " + directory + " is not the path of a folder", e);
        }
        throw new IllegalArgumentException("org.openvrg.alarm: directory is missing; name a folder");
    }

    private static Optional<Settings> settings(Config config) {
        try {
            return Optional.of(Settings.of(config));
        } catch (IllegalArgumentException e) {
            LOG.error("alarms are listed and logged, but none is sent: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** Takes new settings; the folder stays until the next start. */
    @Modified
    void modified(Config config) {
        if (!directory.equals(config.directory())) {
            LOG.warn("org.openvrg.alarm: the directory changes with the next start");
        }
        center.configure(settings(config));
    }

    /** Ends; what waits is sent after the next start. */
    @Deactivate
    void deactivate() {
        center.close();
    }

    @Override
    public void raise(Kind kind, String subject, String text) {
        center.raise(kind, subject, text);
    }

    @Override
    public void clear(Kind kind, String subject) {
        center.clear(kind, subject);
    }

    @Override
    public void confirm(Kind kind, String subject) {
        center.confirm(kind, subject);
    }

    @Override
    public List<Alarm> raised() {
        return center.raised();
    }

    @Override
    public Optional<Server> server() {
        return center.server();
    }

    @Override
    public void sendTo(Server server) {
        center.sendTo(server);
    }

    @Override
    public void stopSending() {
        center.stopSending();
    }
}
