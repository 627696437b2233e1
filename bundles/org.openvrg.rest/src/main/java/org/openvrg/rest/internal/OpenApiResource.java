package org.openvrg.rest.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import javax.ws.rs.GET;
import javax.ws.rs.Path;
import javax.ws.rs.core.Response;

/**
 * {@code /ext/openapi.json}: the OpenAPI 3.1 description of all calls, as the file {@code openapi.json} of this bundle
 * has it. It needs a session like every other call: who is not logged in learns nothing about the appliance.
 */
@Path("ext/openapi.json")
public final class OpenApiResource {
    private static final String FILE = "/openapi.json";

    private final String description;

    /** With the description in memory. */
    OpenApiResource() {
        try (InputStream in = OpenApiResource.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException("the bundle lacks " + FILE);
            }
            this.description = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("the bundle's " + FILE + " can't be read", e);
        }
    }

    /** The description. */
    @GET
    public Response get() {
        return Answers.ok(description);
    }
}
