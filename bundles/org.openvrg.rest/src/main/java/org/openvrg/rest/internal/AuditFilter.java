package org.openvrg.rest.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.security.Principal;
import java.util.Optional;
import java.util.Set;
import javax.annotation.Priority;
import javax.servlet.http.HttpServletRequest;
import javax.ws.rs.container.ContainerRequestContext;
import javax.ws.rs.container.ContainerResponseContext;
import javax.ws.rs.container.ContainerResponseFilter;
import javax.ws.rs.core.Context;
import javax.ws.rs.ext.ReaderInterceptor;
import javax.ws.rs.ext.ReaderInterceptorContext;
import org.openvrg.api.failure.ErrorCode;

/** Tells the {@link AuditLog} of every call that changes something, logs in or out, or came without a session. */
@Priority(HeaderFilter.FIRST)
public final class AuditFilter implements ContainerResponseFilter, ReaderInterceptor {
    private static final Set<String> READING = Set.of("GET", "HEAD", "OPTIONS");
    private static final String USER_HEADER = "X-Auth-User";
    private static final String VM = "vmUuid";
    private static final String VM_PROPERTY = "org.openvrg.audit.vmUuid";

    private final AuditLog log;

    @Context
    private HttpServletRequest servletRequest;

    /** Writes to a log. */
    AuditFilter(AuditLog log) {
        this.log = log;
    }

    /** Remembers which VM a body is about. */
    @Override
    public Object aroundReadFrom(ReaderInterceptorContext context) throws IOException {
        Object body = context.proceed();
        if (body instanceof JsonNode json && json.path(VM).isTextual()) {
            context.setProperty(VM_PROPERTY, json.path(VM).asText());
        }
        return body;
    }

    @Override
    public void filter(ContainerRequestContext request, ContainerResponseContext response) {
        Optional<String> error = response.getEntity() instanceof ErrorAnswers.ErrorBody body
                ? Optional.of(body.errorCode())
                : Optional.empty();
        boolean refused = error.filter(ErrorCode.NOT_LOGGED_IN.code()::equals).isPresent();
        if (READING.contains(request.getMethod()) && !refused) {
            return;
        }
        Optional<String> user = Optional.ofNullable(request.getSecurityContext())
                .map(security -> security.getUserPrincipal())
                .map(Principal::getName);
        log.write(new AuditLog.Call(
                user.or(() -> Optional.ofNullable(request.getHeaderString(USER_HEADER))),
                refused,
                String.valueOf(servletRequest.getRemoteAddr()),
                request.getMethod(),
                request.getUriInfo().getRequestUri().getRawPath(),
                response.getStatus(),
                error,
                Optional.ofNullable(request.getProperty(VM_PROPERTY)).map(Object::toString)));
    }
}
