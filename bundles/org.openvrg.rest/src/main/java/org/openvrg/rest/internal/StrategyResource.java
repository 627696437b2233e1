package org.openvrg.rest.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.function.Supplier;
import javax.ws.rs.DELETE;
import javax.ws.rs.GET;
import javax.ws.rs.POST;
import javax.ws.rs.Path;
import javax.ws.rs.PathParam;
import javax.ws.rs.core.Context;
import javax.ws.rs.core.Response;
import javax.ws.rs.core.UriInfo;
import org.openvrg.api.failure.ErrorCode;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.openvrg.api.service.ProtectionService;
import org.openvrg.api.service.StrategyService;

/** {@code /vmstrategy}: how the VMs are protected. */
@Path("vmstrategy")
public final class StrategyResource {
    private static final int REMOVE_NORMALLY = 1;
    private static final int REMOVE_FORCED = 2;

    private final StrategyService strategies;
    private final Supplier<Optional<ProtectionService>> engine;

    private record Removed(int drStatus) {}

    /** Over the strategies, and the engine that may come and go. */
    StrategyResource(StrategyService strategies, Supplier<Optional<ProtectionService>> engine) {
        this.strategies = strategies;
        this.engine = engine;
    }

    /** Protects a VM, or changes how. */
    @POST
    public Response put(JsonNode body) throws RequestException {
        strategies.put(StrategyReader.read(body));
        return Answers.ok();
    }

    /** The VMs of this gateway. */
    @GET
    public Response list(@Context UriInfo uri) throws RequestException {
        StrategyQuery query = StrategyQuery.of(uri.getQueryParameters());
        List<VmStrategy> matches = query.vmUuids().isEmpty() ? all(query) : named(query);
        Optional<ProtectionService> reporter = engine.get();
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        ArrayNode list = answer.putArray("vmList");
        matches.stream()
                .skip(query.offset())
                .limit(query.limit())
                .forEach(strategy -> list.add(
                        StrategyWriter.write(strategy, reporter.flatMap(known -> known.report(strategy.vmUuid())))));
        return Response.ok(answer)
                .type(ErrorAnswers.JSON_UTF8)
                .header("X-Total-Count", matches.size())
                .build();
    }

    /** Ends the protection of a VM; the contract's form. */
    @POST
    @Path("{vmUuid}")
    public Response removeByPost(@PathParam("vmUuid") String vmUuid, JsonNode body) throws RequestException {
        UUID vm = Requests.vmUuid(vmUuid);
        Optional<Members> members = Members.ofOptionalBody(body);
        OptionalLong flag = members.isPresent()
                ? members.get().number(REMOVE_NORMALLY, REMOVE_FORCED, "delFlag")
                : OptionalLong.empty();
        return remove(vm, flag.orElse(REMOVE_NORMALLY) == REMOVE_FORCED);
    }

    /** Ends the protection of a VM. */
    @DELETE
    @Path("{vmUuid}")
    public Response removeByDelete(@PathParam("vmUuid") String vmUuid, @Context UriInfo uri) throws RequestException {
        UUID vm = Requests.vmUuid(vmUuid);
        List<String> flags =
                Optional.ofNullable(uri.getQueryParameters().get("delFlag")).orElse(List.of());
        if (flags.size() > 1 || !List.of("1", "2").containsAll(flags)) {
            throw Requests.invalid(
                    "delFlag", String.join(",", flags), "is 1 (normal) or 2 (forced)", "应为 1(正常删除)或 2(强制删除)");
        }
        return remove(vm, flags.contains("2"));
    }

    private Response remove(UUID vmUuid, boolean forced) throws RequestException {
        return Answers.ok(new Removed(strategies.remove(vmUuid, forced).number()));
    }

    private List<VmStrategy> named(StrategyQuery query) throws RequestException {
        List<VmStrategy> matches = new ArrayList<>();
        for (UUID vmUuid : query.vmUuids()) {
            matches.add(strategies.find(vmUuid).orElseThrow(() -> Requests.unknownVm(vmUuid)));
        }
        return matches;
    }

    private List<VmStrategy> all(StrategyQuery query) throws RequestException {
        List<VmStrategy> all = strategies.all();
        if (all.isEmpty()) {
            throw new RequestException(ErrorCode.NO_VM, "no VM is configured", "系统当前不存在虚拟机");
        }
        return query.faultyOnly() ? all.stream().filter(this::isFaulty).toList() : all;
    }

    /** Only the DR side has writeagents; a VM of which nothing is known is not connected to one. */
    private boolean isFaulty(VmStrategy strategy) {
        return strategy instanceof VmStrategy.Standby
                && !engine.get()
                        .flatMap(known -> known.report(strategy.vmUuid()))
                        .map(VmReport::connected)
                        .orElse(false);
    }
}
