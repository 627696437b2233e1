package org.openvrg.network.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads and changes IPv4 addresses and routes of an interface by iproute2. Every step can be repeated: what is there is
 * not added, what is gone is not removed. Not thread-safe.
 *
 * <p>Two habits of the kernel decide the order of the steps: with the primary address of a network its secondary ones
 * go, and with the last address of an interface all of its routes.
 */
final class IpTool {
    private static final Logger LOG = LoggerFactory.getLogger(IpTool.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String program;
    private final String device;
    private final CommandRunner commands;

    /**
     * For one interface.
     *
     * @param program path of {@code ip}
     */
    IpTool(String program, String device, CommandRunner commands) {
        this.program = program;
        this.device = device;
        this.commands = commands;
    }

    /** What there is now. */
    Snapshot read() throws IOException {
        List<Snapshot.Address> addresses = new ArrayList<>();
        for (JsonNode link : JSON.readTree(ip("-j", "-4", "address", "show", "dev", device))) {
            link.path("addr_info").forEach(entry -> addresses.add(address(entry)));
        }
        List<Snapshot.Route> routes = new ArrayList<>();
        for (JsonNode entry : JSON.readTree(ip("-j", "-4", "route", "show", "dev", device, "table", "main"))) {
            if (!entry.path("protocol").asText().equals("kernel")) {
                routes.add(route(entry));
            }
        }
        return new Snapshot(addresses, routes);
    }

    /** What there shall be: one address in the place of another, one default route in the place of all others. */
    static Snapshot target(Snapshot before, String oldCidr, ManagementSettings settings) {
        Snapshot.Address wanted = new Snapshot.Address(settings.cidr(), List.of(settings.cidr(), "brd", "+"));
        Set<Snapshot.Address> addresses = new LinkedHashSet<>();
        addresses.add(wanted);
        before.addresses().stream()
                .filter(address ->
                        !address.cidr().equals(oldCidr) && !address.cidr().equals(wanted.cidr()))
                .forEach(addresses::add);
        List<String> way = new ArrayList<>(List.of("default", "via", settings.gatewayText(), "proto", "static"));
        before.routes().stream()
                .filter(Snapshot.Route::isDefault)
                .map(route -> route.option("metric"))
                .filter(metric -> !metric.isEmpty())
                .findFirst()
                .ifPresent(metric -> way.addAll(List.of("metric", metric)));
        List<Snapshot.Route> routes = new ArrayList<>();
        routes.add(new Snapshot.Route(way));
        before.routes().stream().filter(route -> !route.isDefault()).forEach(routes::add);
        return new Snapshot(List.copyOf(addresses), routes);
    }

    /** From one snapshot to another. Routes that the new addresses leave without a way are given up, with a warning. */
    void apply(Snapshot before, Snapshot target) throws IOException {
        changeAddresses(before, target);
        removeRoutes(before, target);
        Snapshot now = read();
        for (Snapshot.Route route : inOrder(target.routes())) {
            if (now.routes().contains(route)) {
                continue;
            }
            try {
                addRoute(route);
            } catch (IOException e) {
                if (route.isDefault()) {
                    throw e;
                }
                LOG.warn("a route of {} has no way with the new address and is left out: {}", device, e.getMessage());
            }
        }
    }

    /** Back to what was before an {@link #apply} that came to its end or did not. */
    void restore(Snapshot before, Snapshot target) throws IOException {
        changeAddresses(target, before);
        removeRoutes(target, before);
        Snapshot now = read();
        for (Snapshot.Route route : inOrder(before.routes())) {
            if (!now.routes().contains(route)) {
                addRoute(route);
            }
        }
    }

    private void changeAddresses(Snapshot from, Snapshot to) throws IOException {
        addMissing(to);
        for (Snapshot.Address address : from.addresses()) {
            if (!to.hasAddress(address.cidr()) && read().hasAddress(address.cidr())) {
                ip("-4", "address", "del", address.cidr(), "dev", device);
            }
        }
        addMissing(to);
    }

    private void addMissing(Snapshot wanted) throws IOException {
        Snapshot now = read();
        for (Snapshot.Address address : wanted.addresses()) {
            if (!now.hasAddress(address.cidr())) {
                ip(with(List.of("-4", "address", "add"), address.arguments()));
            }
        }
    }

    private void removeRoutes(Snapshot from, Snapshot to) throws IOException {
        Snapshot now = read();
        for (Snapshot.Route route : from.routes()) {
            if (!to.routes().contains(route) && now.routes().contains(route)) {
                ip(with(List.of("-4", "route", "del"), route.arguments()));
            }
        }
    }

    private void addRoute(Snapshot.Route route) throws IOException {
        ip(with(List.of("-4", "route", "add"), route.arguments()));
    }

    private static List<Snapshot.Route> inOrder(List<Snapshot.Route> routes) {
        List<Snapshot.Route> ordered = new ArrayList<>(
                routes.stream().filter(route -> !route.hasGateway()).toList());
        routes.stream().filter(Snapshot.Route::hasGateway).forEach(ordered::add);
        return ordered;
    }

    private String[] with(List<String> verb, List<String> arguments) {
        List<String> all = new ArrayList<>(verb);
        all.addAll(arguments);
        all.addAll(List.of("dev", device));
        return all.toArray(new String[0]);
    }

    private String ip(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(List.of(arguments));
        return commands.run(command);
    }

    /** From the JSON of {@code ip -j address show}. */
    private static Snapshot.Address address(JsonNode entry) {
        String local = entry.path("local").asText();
        int prefix = entry.path("prefixlen").asInt();
        List<String> arguments = new ArrayList<>();
        if (entry.has("address")) {
            arguments.addAll(List.of(local, "peer", entry.path("address").asText() + "/" + prefix));
        } else {
            arguments.add(local + "/" + prefix);
        }
        option(arguments, "brd", entry.path("broadcast"));
        option(arguments, "scope", entry.path("scope"));
        option(arguments, "label", entry.path("label"));
        return new Snapshot.Address(local + "/" + prefix, arguments);
    }

    /** From the JSON of {@code ip -j route show}. */
    private static Snapshot.Route route(JsonNode entry) {
        List<String> arguments = new ArrayList<>();
        arguments.add(entry.path("dst").asText());
        option(arguments, "via", entry.path("gateway"));
        if (entry.has("via")) { // a gateway of the other family
            JsonNode via = entry.path("via");
            arguments.addAll(
                    List.of("via", via.path("family").asText(), via.path("host").asText()));
        }
        option(arguments, "proto", entry.path("protocol"));
        option(arguments, "scope", entry.path("scope"));
        option(arguments, "src", entry.path("prefsrc"));
        option(arguments, "metric", entry.path("metric"));
        for (JsonNode metrics : entry.path("metrics")) {
            for (Map.Entry<String, JsonNode> metric : metrics.properties()) {
                option(arguments, metric.getKey(), metric.getValue());
            }
        }
        for (JsonNode flag : entry.path("flags")) {
            if (flag.asText().equals("onlink")) {
                arguments.add("onlink");
            }
        }
        return new Snapshot.Route(arguments);
    }

    private static void option(List<String> arguments, String name, JsonNode value) {
        if (!value.isMissingNode()) {
            arguments.addAll(List.of(name, value.asText()));
        }
    }
}
