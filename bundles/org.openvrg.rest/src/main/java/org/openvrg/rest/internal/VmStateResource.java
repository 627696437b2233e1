package org.openvrg.rest.internal;

import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import javax.ws.rs.GET;
import javax.ws.rs.Path;
import javax.ws.rs.PathParam;
import javax.ws.rs.core.Response;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.service.ProtectionService;
import org.openvrg.api.service.StrategyService;

/** {@code /vmdrstatus}: state of a VM's protection. */
@Path("vmdrstatus")
public final class VmStateResource {
    private final StrategyService strategies;
    private final Supplier<Optional<ProtectionService>> engine;

    private record State(int status) {}

    /** Over the strategies, and the engine that may come and go. */
    VmStateResource(StrategyService strategies, Supplier<Optional<ProtectionService>> engine) {
        this.strategies = strategies;
        this.engine = engine;
    }

    /** The state; a VM that the engine has not taken up yet is in the first one. */
    @GET
    @Path("{vmUuid}")
    public Response get(@PathParam("vmUuid") String text) throws RequestException {
        UUID vmUuid = Requests.vmUuid(text);
        if (strategies.find(vmUuid).isEmpty()) {
            throw Requests.unknownVm(vmUuid);
        }
        ProtectionService service = Engines.running(engine);
        ProtectionState state = service.report(vmUuid).map(VmReport::state).orElse(ProtectionState.CONSISTENCY_CHECK);
        return Answers.ok(new State(state.number()));
    }
}
