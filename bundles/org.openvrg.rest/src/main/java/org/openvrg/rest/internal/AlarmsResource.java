package org.openvrg.rest.internal;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import javax.ws.rs.GET;
import javax.ws.rs.Path;
import javax.ws.rs.core.Response;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmAdmin;

/** {@code /ext/alarms}: the alarms that are raised now; beyond the contract. */
@Path("ext/alarms")
public final class AlarmsResource {
    private final Supplier<Optional<AlarmAdmin>> alarms;

    private record Entry(
            long id,
            String kind,
            String severity,
            String subject,
            String vmUuid,
            String volUuid,
            long since,
            String text) {
        static Entry of(Alarm alarm) {
            return new Entry(
                    alarm.id(),
                    alarm.kind().name(),
                    alarm.kind().severity().name(),
                    alarm.subject(),
                    alarm.vmUuid().map(UUID::toString).orElse(""),
                    alarm.volume().map(VolumeId::value).orElse(""),
                    alarm.since().toEpochMilli(),
                    alarm.text());
        }
    }

    private record Answer(List<Entry> alarms) {}

    /** Over the alarms, which may come and go. */
    AlarmsResource(Supplier<Optional<AlarmAdmin>> alarms) {
        this.alarms = alarms;
    }

    /** All of them, the oldest first. */
    @GET
    public Response list() throws RequestException {
        return Answers.ok(
                new Answer(running(alarms).raised().stream().map(Entry::of).toList()));
    }

    /**
     * The alarms.
     *
     * @throws RequestException {@code UNAVAILABLE} when they are not running
     */
    static AlarmAdmin running(Supplier<Optional<AlarmAdmin>> alarms) throws RequestException {
        return alarms.get().orElseThrow(() -> Requests.unavailable("the alarm service", "告警服务"));
    }
}
