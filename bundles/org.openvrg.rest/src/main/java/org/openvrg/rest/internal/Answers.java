package org.openvrg.rest.internal;

import javax.ws.rs.core.Response;

/** Answers that are 200. */
final class Answers {
    private Answers() {}

    /** With a body. */
    static Response ok(Object body) {
        return Response.ok(body).type(ErrorAnswers.JSON_UTF8).build();
    }

    /** Without a body. */
    static Response ok() {
        return Response.ok().build();
    }
}
