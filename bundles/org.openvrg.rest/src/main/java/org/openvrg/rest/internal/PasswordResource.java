package org.openvrg.rest.internal;

import com.fasterxml.jackson.databind.JsonNode;
import javax.ws.rs.POST;
import javax.ws.rs.PUT;
import javax.ws.rs.Path;
import javax.ws.rs.core.Context;
import javax.ws.rs.core.Response;
import javax.ws.rs.core.SecurityContext;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.SessionService;

/** {@code /password}: the password of the user who is logged in. */
@Path("password")
public final class PasswordResource {
    private final SessionService sessions;

    /** Over the users of the appliance. */
    PasswordResource(SessionService sessions) {
        this.sessions = sessions;
    }

    /** Changes it and ends every session of the user, this one too. */
    @PUT
    public Response put(JsonNode body, @Context SecurityContext caller) throws RequestException {
        Members members = Members.ofBody(body);
        String oldKey = members.rawText("oldKey").strip();
        String newKey = members.rawText("newKey").strip();
        sessions.changePassword(caller.getUserPrincipal().getName(), oldKey, newKey);
        return Answers.ok();
    }

    /** As {@link #put}, for clients that know no PUT. */
    @POST
    public Response post(JsonNode body, @Context SecurityContext caller) throws RequestException {
        return put(body, caller);
    }
}
