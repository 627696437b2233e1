package org.openvrg.rest.internal;

import java.util.UUID;
import javax.ws.rs.GET;
import javax.ws.rs.Path;
import javax.ws.rs.core.Response;
import org.openvrg.api.service.Identity;

/** {@code /ext/identity}: who this gateway is; beyond the contract. */
@Path("ext/identity")
public final class IdentityResource {
    private final Identity identity;

    private record Answer(UUID uuid, String fingerprint) {}

    /** Of this gateway. */
    IdentityResource(Identity identity) {
        this.identity = identity;
    }

    /** UUID and fingerprint of the certificate. */
    @GET
    public Response get() {
        return Answers.ok(new Answer(identity.vrgUuid(), identity.fingerprint()));
    }
}
