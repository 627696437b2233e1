package org.openvrg.rest.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.function.Supplier;
import javax.ws.rs.GET;
import javax.ws.rs.POST;
import javax.ws.rs.Path;
import javax.ws.rs.core.Response;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.AlarmAdmin;

/** {@code /trapinfo}: the alarm server. */
@Path("trapinfo")
public final class AlarmServerResource {
    /** The address that removes the server. */
    private static final String NO_SERVER = "0.0.0.0";

    private final Supplier<Optional<AlarmAdmin>> alarms;

    private record Answer(String ip, int port) {}

    /** Over the alarms, which may come and go. */
    AlarmServerResource(Supplier<Optional<AlarmAdmin>> alarms) {
        this.alarms = alarms;
    }

    /** Names the server, or removes it; the port does not matter then. */
    @POST
    public Response set(JsonNode body) throws RequestException {
        Members members = Members.ofBody(body);
        String ip = members.rawText("ip");
        if (ip.equals(NO_SERVER)) {
            members.number("port");
            AlarmsResource.running(alarms).stopSending();
            return Answers.ok();
        }
        Requests.hostAddress("ip", ip);
        int port = Requests.port("port", members.requiredNumber("port"));
        AlarmsResource.running(alarms).sendTo(new AlarmAdmin.Server(ip, port));
        return Answers.ok();
    }

    /** The server. */
    @GET
    public Response get() throws RequestException {
        return Answers.ok(AlarmsResource.running(alarms)
                .server()
                .map(server -> new Answer(server.ip(), server.port()))
                .orElseThrow(() -> new RequestException(
                        ErrorCode.NO_ALARM_SERVER,
                        "no alarm server is configured; POST /trapinfo names one",
                        "未配置告警服务器,请先通过 POST /trapinfo 设置")));
    }
}
