package org.openvrg.rest.internal;

import java.util.Optional;
import java.util.function.Supplier;
import javax.annotation.Priority;
import javax.servlet.http.HttpServletRequest;
import javax.ws.rs.Priorities;
import javax.ws.rs.container.ContainerRequestContext;
import javax.ws.rs.container.ContainerRequestFilter;
import javax.ws.rs.container.ResourceInfo;
import javax.ws.rs.core.Context;
import javax.ws.rs.core.HttpHeaders;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.NetworkService;
import org.openvrg.api.service.SessionService;

/** Lets a request through to a resource only with the token of a live session, or where {@link WithoutSession} says. */
@Priority(Priorities.AUTHENTICATION)
public final class SessionFilter implements ContainerRequestFilter {
    /** Header with the token of a session. */
    static final String TOKEN = "X-Auth-Token";

    private final SessionService sessions;
    private final Supplier<Optional<NetworkService>> networks;

    @Context
    private ResourceInfo resource;

    @Context
    private HttpServletRequest servletRequest;

    /** Over the sessions of the appliance; the networks, which may come and go, are told of calls with a session. */
    SessionFilter(SessionService sessions, Supplier<Optional<NetworkService>> networks) {
        this.sessions = sessions;
        this.networks = networks;
    }

    @Override
    public void filter(ContainerRequestContext request) {
        boolean open = resource.getResourceMethod() != null
                && resource.getResourceMethod().isAnnotationPresent(WithoutSession.class);
        if (open) {
            return;
        }
        Optional<String> user = Optional.ofNullable(request.getHeaderString(TOKEN))
                .flatMap(token -> sessions.authenticate(token.strip()));
        if (user.isPresent()) {
            boolean secure = request.getSecurityContext().isSecure();
            request.setSecurityContext(new Caller(user.get(), secure));
            networks.get().ifPresent(service -> service.authenticatedCall(servletRequest.getLocalAddr()));
        } else {
            request.abortWith(ErrorAnswers.answer(
                    new RequestException(
                            ErrorCode.NOT_LOGGED_IN,
                            "not logged in, or the session timed out; log in with POST /vrgservice/session",
                            "用户未登录或超时,请重新登录后重试"),
                    Language.ofHeader(request.getHeaderString(HttpHeaders.ACCEPT_LANGUAGE))));
        }
    }
}
