package org.openvrg.rest.internal;

import javax.annotation.Priority;
import javax.ws.rs.Priorities;
import javax.ws.rs.container.ContainerRequestContext;
import javax.ws.rs.container.ContainerRequestFilter;
import javax.ws.rs.container.ResourceInfo;
import javax.ws.rs.core.Context;
import javax.ws.rs.core.HttpHeaders;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.SessionService;

/** Lets a request through to a resource only with the token of a live session, or where {@link WithoutSession} says. */
@Priority(Priorities.AUTHENTICATION)
public final class SessionFilter implements ContainerRequestFilter {
    /** Header with the token of a session. */
    static final String TOKEN = "X-Auth-Token";

    private final SessionService sessions;

    @Context
    private ResourceInfo resource;

    /** Over the sessions of the appliance. */
    SessionFilter(SessionService sessions) {
        this.sessions = sessions;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        boolean open = resource.getResourceMethod() != null
                && resource.getResourceMethod().isAnnotationPresent(WithoutSession.class);
        if (open) {
            return;
        }
        String token = request.getHeaderString(TOKEN);
        if (token == null || sessions.authenticate(token.strip()).isEmpty()) {
            request.abortWith(ErrorAnswers.answer(
                    new RequestException(
                            ErrorCode.NOT_LOGGED_IN,
                            "not logged in, or the session timed out; log in with POST /vrgservice/session",
                            "用户未登录或超时,请重新登录后重试"),
                    Language.ofHeader(request.getHeaderString(HttpHeaders.ACCEPT_LANGUAGE))));
        }
    }
}
