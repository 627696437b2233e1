package org.openvrg.rest.internal;

import javax.ws.rs.core.Context;
import javax.ws.rs.core.HttpHeaders;
import javax.ws.rs.core.Response;
import javax.ws.rs.ext.ExceptionMapper;

/** Hands whatever a request threw to {@link ErrorAnswers}. */
public final class FailureMapper implements ExceptionMapper<Throwable> {
    @Context
    private HttpHeaders headers;

    @Override
    public Response toResponse(Throwable failure) {
        return ErrorAnswers.answer(failure, Language.ofHeader(headers.getHeaderString(HttpHeaders.ACCEPT_LANGUAGE)));
    }
}
