package org.openvrg.rest.internal;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Supplier;
import javax.ws.rs.GET;
import javax.ws.rs.Path;
import javax.ws.rs.PathParam;
import javax.ws.rs.core.Response;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.service.ProtectionService;

/** {@code /ext/vms}: what the engine knows of the VMs right now; beyond the contract. */
@Path("ext/vms")
public final class VmReportsResource {
    private final Supplier<Optional<ProtectionService>> engine;

    private record Report(
            UUID vmUuid,
            int state,
            boolean production,
            boolean connected,
            String detail,
            Map<String, Integer> volumes,
            VmReport.Progress progress,
            VmReport.Scrub scrub) {
        static Report of(VmReport report) {
            Map<String, Integer> volumes = new TreeMap<>();
            report.volumes().forEach((volume, status) -> volumes.put(volume.value(), status.number()));
            return new Report(
                    report.vmUuid(),
                    report.state().number(),
                    report.production(),
                    report.connected(),
                    report.detail(),
                    volumes,
                    report.progress(),
                    report.scrub());
        }
    }

    private record Reports(List<Report> vms) {}

    /** Over the engine, which may come and go. */
    VmReportsResource(Supplier<Optional<ProtectionService>> engine) {
        this.engine = engine;
    }

    /** All VMs, ordered by UUID. */
    @GET
    public Response list() throws RequestException {
        return Answers.ok(new Reports(Engines.running(engine).reports().stream()
                .map(Report::of)
                .sorted(Comparator.comparing(report -> report.vmUuid().toString()))
                .toList()));
    }

    /** One VM. */
    @GET
    @Path("{vmUuid}")
    public Response get(@PathParam("vmUuid") String text) throws RequestException {
        UUID vmUuid = Requests.vmUuid(text);
        return Answers.ok(
                Engines.running(engine).report(vmUuid).map(Report::of).orElseThrow(() -> Requests.unknownVm(vmUuid)));
    }
}
