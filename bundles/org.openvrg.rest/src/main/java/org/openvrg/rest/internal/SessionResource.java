package org.openvrg.rest.internal;

import java.util.Optional;
import java.util.UUID;
import javax.ws.rs.DELETE;
import javax.ws.rs.HeaderParam;
import javax.ws.rs.POST;
import javax.ws.rs.Path;
import javax.ws.rs.core.Response;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.Identity;
import org.openvrg.api.service.SessionService;

/** {@code /session}: login and logout, by headers only. */
@Path("session")
public final class SessionResource {
    private static final int MAX_USER_CHARS = 20;

    private final SessionService sessions;
    private final Identity identity;

    private record Session(long validity, UUID uuid) {}

    /** Over the sessions and the identity of the appliance. */
    SessionResource(SessionService sessions, Identity identity) {
        this.sessions = sessions;
        this.identity = identity;
    }

    /** Logs in; the token goes out in a header. */
    @POST
    @WithoutSession
    public Response login(@HeaderParam("X-Auth-User") String user, @HeaderParam("X-Auth-Key") String key)
            throws RequestException {
        String name = Optional.ofNullable(user).orElse("").strip();
        if (name.isEmpty() || name.length() > MAX_USER_CHARS) {
            throw Requests.invalid(
                    "X-Auth-User",
                    name,
                    "has 1 to " + MAX_USER_CHARS + " characters",
                    "长度应为 1 到 " + MAX_USER_CHARS + " 个字符");
        }
        String token = sessions.login(name, Optional.ofNullable(key).orElse("").strip());
        return Response.ok(new Session(SessionService.VALIDITY_MILLIS, identity.vrgUuid()))
                .type(ErrorAnswers.JSON_UTF8)
                .header(SessionFilter.TOKEN, token)
                .build();
    }

    /** Logs out. */
    @DELETE
    public Response logout(@HeaderParam(SessionFilter.TOKEN) String token) throws RequestException {
        if (token == null || !sessions.logout(token.strip())) {
            throw new RequestException(ErrorCode.LOGOUT_FAILED, "logout failed; try again", "退出失败,请重试");
        }
        return Answers.ok();
    }
}
