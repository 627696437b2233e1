package org.openvrg.rest.internal;

import java.util.Optional;
import java.util.function.Supplier;
import javax.ws.rs.GET;
import javax.ws.rs.Path;
import javax.ws.rs.core.Response;
import org.openvrg.api.service.ProtectionService;

/** {@code /vrgstatus}: health of the gateway and space of its write cache, in KB. */
@Path("vrgstatus")
public final class GatewayStatusResource {
    private static final int NORMAL = 1;
    private static final int ABNORMAL = 2;
    private static final long NOT_IN_USE = -1;
    private static final long KILOBYTE = 1024;

    private final Supplier<Optional<ProtectionService>> engine;

    private record Status(int status, long availableCapacity, long totalCapacity) {}

    /** Over the engine, which may come and go. */
    GatewayStatusResource(Supplier<Optional<ProtectionService>> engine) {
        this.engine = engine;
    }

    /** The status; without an engine there is no cache, and nothing is normal. */
    @GET
    public Response get() {
        return Answers.ok(engine.get()
                .map(ProtectionService::capacity)
                .map(capacity -> new Status(
                        capacity.healthy() ? NORMAL : ABNORMAL,
                        capacity.availableBytes() / KILOBYTE,
                        capacity.totalBytes() / KILOBYTE))
                .orElseGet(() -> new Status(ABNORMAL, NOT_IN_USE, NOT_IN_USE)));
    }
}
