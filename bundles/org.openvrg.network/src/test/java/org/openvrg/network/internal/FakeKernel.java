package org.openvrg.network.internal;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Addresses and routes of one interface as the kernel keeps them, changed by the command lines of iproute2: with the last
 * address all routes go. Thread-safe.
 */
final class FakeKernel implements CommandRunner {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Address with prefix, in order. */
    final List<String> addresses = new ArrayList<>();

    /** Arguments of a route, without the interface. */
    final List<List<String>> routes = new ArrayList<>();

    /** Commands that changed something. */
    final List<String> changes = new ArrayList<>();

    /** The change with this number, from 1, fails, and all later ones until it is set again; 0: none. */
    private int failing;

    synchronized void failFrom(int number) {
        failing = number;
        changes.clear();
    }

    synchronized String state() {
        return addresses.stream().sorted().toList() + " "
                + routes.stream().map(List::toString).sorted().toList();
    }

    @Override
    public synchronized String run(List<String> command) throws IOException {
        if (command.contains("show")) {
            return command.contains("address") ? showAddresses() : showRoutes();
        }
        changes.add(String.join(" ", command));
        if (failing > 0 && changes.size() >= failing) {
            throw new IOException(String.join(" ", command) + " ended with 2: RTNETLINK answers: no");
        }
        List<String> arguments = command.subList(4, command.size() - 2);
        switch (command.get(2) + " " + command.get(3)) {
            case "address add" -> add(addresses, arguments.get(0));
            case "address del" -> {
                remove(addresses, arguments.get(0));
                if (addresses.isEmpty()) {
                    routes.clear();
                }
            }
            case "route add" -> add(routes, List.copyOf(arguments));
            case "route del" -> remove(routes, List.copyOf(arguments));
            default -> throw new IOException("unknown: " + command);
        }
        return "";
    }

    private static <T> void add(List<T> list, T entry) throws IOException {
        if (list.contains(entry)) {
            throw new IOException("RTNETLINK answers: File exists");
        }
        list.add(entry);
    }

    private static <T> void remove(List<T> list, T entry) throws IOException {
        if (!list.remove(entry)) {
            throw new IOException("RTNETLINK answers: No such process");
        }
    }

    private String showAddresses() {
        ObjectNode link = JSON.createObjectNode();
        ArrayNode entries = link.putArray("addr_info");
        for (String cidr : addresses) {
            String[] parts = cidr.split("/", 2);
            entries.addObject()
                    .put("family", "inet")
                    .put("local", parts[0])
                    .put("prefixlen", Integer.parseInt(parts[1]));
        }
        return JSON.createArrayNode().add(link).toString();
    }

    private String showRoutes() {
        ArrayNode entries = JSON.createArrayNode();
        for (List<String> route : routes) {
            ObjectNode entry = entries.addObject().put("dst", route.get(0));
            for (int i = 1; i + 1 < route.size(); i += 2) {
                String key = route.get(i).replace("via", "gateway").replace("proto", "protocol");
                entry.put(key, route.get(i + 1));
            }
            entry.putArray("flags");
        }
        entries.addObject().put("dst", "192.0.2.0/24").put("protocol", "kernel").put("scope", "link");
        return entries.toString();
    }
}
