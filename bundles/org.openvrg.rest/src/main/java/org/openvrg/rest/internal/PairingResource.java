package org.openvrg.rest.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.function.Supplier;
import javax.ws.rs.DELETE;
import javax.ws.rs.GET;
import javax.ws.rs.POST;
import javax.ws.rs.Path;
import javax.ws.rs.core.Response;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.PairingService;

/** {@code /vrgmap}: the pairing with the gateway of the other site. */
@Path("vrgmap")
public final class PairingResource {
    private final Supplier<Optional<PairingService>> pairing;

    private record Pairing(String dstIp, int dstPort, int status) {}

    /** Over the link, which may come and go. */
    PairingResource(Supplier<Optional<PairingService>> pairing) {
        this.pairing = pairing;
    }

    /** Names the peer. */
    @POST
    public Response pair(JsonNode body) throws RequestException {
        Members members = Members.ofBody(body);
        String ip = Requests.hostAddress("dstIp", members.rawText("dstIp", "dst_ip"));
        int port = Requests.port("dstPort", members.requiredNumber("dstPort", "dst_port"));
        service().pair(new PairingService.Peer(ip, port));
        return Answers.ok();
    }

    /** Peer and status; an empty address and port 0 when no peer is named. */
    @GET
    public Response get() throws RequestException {
        PairingService service = service();
        int status = service.status().number();
        return Answers.ok(service.peer()
                .map(peer -> new Pairing(peer.ip(), peer.port(), status))
                .orElseGet(() -> new Pairing("", 0, PairingService.Status.NOT_PAIRED.number())));
    }

    /** Ends the pairing. */
    @DELETE
    public Response unpair() throws RequestException {
        service().unpair();
        return Answers.ok();
    }

    private PairingService service() throws RequestException {
        return pairing.get().orElseThrow(() -> Requests.unavailable("the link to the peer", "对端链路"));
    }
}
