package org.openvrg.rest.internal;

import javax.ws.rs.WebApplicationException;
import javax.ws.rs.core.Context;
import javax.ws.rs.core.HttpHeaders;
import javax.ws.rs.core.Response;
import javax.ws.rs.ext.ExceptionMapper;

/** As {@link FailureMapper}; without it the implementation's own mapper for these would come first. */
public final class WebFailureMapper implements ExceptionMapper<WebApplicationException> {
    @Context
    private HttpHeaders headers;

    @Override
    public Response toResponse(WebApplicationException failure) {
        return ErrorAnswers.answer(failure, Language.ofHeader(headers.getHeaderString(HttpHeaders.ACCEPT_LANGUAGE)));
    }
}
