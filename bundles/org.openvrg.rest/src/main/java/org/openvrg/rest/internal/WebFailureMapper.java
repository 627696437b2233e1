package org.openvrg.rest.internal;

import java.util.Set;
import javax.ws.rs.WebApplicationException;
import javax.ws.rs.core.Context;
import javax.ws.rs.core.HttpHeaders;
import javax.ws.rs.core.Response;
import javax.ws.rs.core.UriInfo;
import javax.ws.rs.ext.ExceptionMapper;

/** As {@link FailureMapper}; without it the implementation's own mapper for these would come first. */
public final class WebFailureMapper implements ExceptionMapper<WebApplicationException> {
    private final AllowedMethods allowed;

    @Context
    private HttpHeaders headers;

    @Context
    private UriInfo uri;

    /** With what a 405 tells about a path. */
    WebFailureMapper(AllowedMethods allowed) {
        this.allowed = allowed;
    }

    @Override
    public Response toResponse(WebApplicationException failure) {
        Response answer =
                ErrorAnswers.answer(failure, Language.ofHeader(headers.getHeaderString(HttpHeaders.ACCEPT_LANGUAGE)));
        Set<String> methods = allowed.of(uri.getPath());
        if (answer.getStatus() != Response.Status.METHOD_NOT_ALLOWED.getStatusCode() || methods.isEmpty()) {
            return answer;
        }
        return Response.fromResponse(answer)
                .header(HttpHeaders.ALLOW, null)
                .header(HttpHeaders.ALLOW, String.join(", ", methods))
                .build();
    }
}
