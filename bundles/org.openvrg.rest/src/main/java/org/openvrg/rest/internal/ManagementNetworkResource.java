package org.openvrg.rest.internal;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.function.Supplier;
import javax.ws.rs.POST;
import javax.ws.rs.Path;
import javax.ws.rs.core.Response;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.NetworkService;

/** {@code /modmngnet}: changes the management network of this gateway. */
@Path("modmngnet")
public final class ManagementNetworkResource {
    private final Supplier<Optional<NetworkService>> networks;

    private record Answer(@JsonProperty("IP") String ip, String netmask, String netGateway) {}

    /** Over the networks, which may come and go. */
    ManagementNetworkResource(Supplier<Optional<NetworkService>> networks) {
        this.networks = networks;
    }

    /** Answers first; the change is made a moment later, and kept when a call arrives at the new address. */
    @POST
    public Response change(JsonNode body) throws RequestException {
        Members members = Members.ofBody(body);
        NetworkService.Management wanted = new NetworkService.Management(
                members.rawText("newIp"), members.rawText("newMask"), members.rawText("newGateway"));
        NetworkService service = networks.get().orElseThrow(() -> Requests.unavailable("the network part", "网络服务"));
        NetworkService.Management settings = service.changeManagement(wanted);
        return Answers.ok(new Answer(settings.ip(), settings.netmask(), settings.gateway()));
    }
}
