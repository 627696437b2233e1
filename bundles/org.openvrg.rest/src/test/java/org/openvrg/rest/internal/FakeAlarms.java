package org.openvrg.rest.internal;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmAdmin;
import org.openvrg.api.service.AlarmService.Kind;

/** Two alarms, and the server that was named last. */
final class FakeAlarms implements AlarmAdmin {
    static final String VM = "0a1b2c3d-0000-1111-2222-0123456789ab";

    Optional<Server> server = Optional.empty();

    @Override
    public List<Alarm> raised() {
        return List.of(
                new Alarm(7, Kind.VOLUME_ERROR, VM + "/v1", Instant.ofEpochMilli(1_700_000_000_123L), "no such file"),
                new Alarm(8, Kind.LINK_DOWN, "192.0.2.1 port 7000", Instant.EPOCH, "down"));
    }

    @Override
    public Optional<Server> server() {
        return server;
    }

    @Override
    public void sendTo(Server named) {
        server = Optional.of(named);
    }

    @Override
    public void stopSending() {
        server = Optional.empty();
    }
}
