package org.openvrg.alarm.internal;

import java.util.Optional;
import org.openvrg.api.service.AlarmAdmin.Server;
import org.openvrg.api.service.ConfigStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Which alarm server is named, in the configuration store: its address, a space, its port. */
final class ServerSetting {
    private static final String AREA = "alarm";
    private static final String KEY = "server";
    private static final Logger LOG = LoggerFactory.getLogger(ServerSetting.class);

    private final ConfigStore store;

    ServerSetting(ConfigStore store) {
        this.store = store;
    }

    Optional<Server> load() {
        return store.get(AREA, KEY).flatMap(ServerSetting::parse);
    }

    private static Optional<Server> parse(String text) {
        try {
            String[] parts = text.split(" ", -1);
            return Optional.of(new Server(parts[0], Integer.parseInt(parts[1])));
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            LOG.error("the stored alarm server can't be read; name it again", e);
            return Optional.empty();
        }
    }

    void save(Server server) {
        store.put(AREA, KEY, server.ip() + " " + server.port());
    }

    void remove() {
        store.remove(AREA, KEY);
    }
}
