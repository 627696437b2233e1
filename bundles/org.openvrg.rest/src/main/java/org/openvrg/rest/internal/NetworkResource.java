package org.openvrg.rest.internal;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import javax.ws.rs.GET;
import javax.ws.rs.Path;
import javax.ws.rs.core.Response;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.NetworkService;

/** {@code /netinfos}: the networks of this gateway. */
@Path("netinfos")
public final class NetworkResource {
    private final Supplier<Optional<NetworkService>> networks;

    private record Answer(List<Entry> netInfos) {}

    /** One network; a gateway that is null is left out of the answer. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Entry(int type, String ip, int port, String netmask, String gateway) {
        static Entry of(NetworkService.Network network) {
            return new Entry(
                    network.role().number(),
                    network.ip(),
                    network.port(),
                    network.netmask(),
                    network.gateway().orElse(null));
        }
    }

    /** Over the networks, which may come and go. */
    NetworkResource(Supplier<Optional<NetworkService>> networks) {
        this.networks = networks;
    }

    /** All networks whose interface exists. */
    @GET
    public Response get() throws RequestException {
        NetworkService service = networks.get().orElseThrow(() -> Requests.unavailable("the network part", "网络服务"));
        return Answers.ok(new Answer(service.networks().stream().map(Entry::of).toList()));
    }
}
