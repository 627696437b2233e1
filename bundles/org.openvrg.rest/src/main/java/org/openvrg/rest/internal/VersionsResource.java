package org.openvrg.rest.internal;

import java.util.List;
import javax.ws.rs.GET;
import javax.ws.rs.Path;
import javax.ws.rs.core.Response;

/** {@code /versions}: which versions of the contract are served. */
@Path("versions")
public final class VersionsResource {
    private record Version(String version, String loginUri) {}

    private record Versions(List<Version> versions) {}

    /** All versions. */
    @GET
    @WithoutSession
    public Response get() {
        return Answers.ok(new Versions(List.of(new Version("v1.0", VrgApplication.BASE + "/session"))));
    }
}
