package org.openvrg.network.internal;

import java.util.List;

/**
 * IPv4 addresses and routes of one interface, as arguments of iproute2. Immutable.
 *
 * @param addresses in the kernel's order
 * @param routes those of the main table that go through the interface and were not made by the kernel itself
 */
record Snapshot(List<Address> addresses, List<Route> routes) {
    /**
     * An address.
     *
     * @param cidr address and length of the prefix; what tells it from others
     * @param arguments of {@code ip address add}, without the interface
     */
    record Address(String cidr, List<String> arguments) {
        Address {
            arguments = List.copyOf(arguments);
        }
    }

    /**
     * A route.
     *
     * @param arguments of {@code ip route add}, without the interface, its destination first
     */
    record Route(List<String> arguments) {
        private static final String DEFAULT = "default";

        Route {
            arguments = List.copyOf(arguments);
        }

        /** Whether it is a default route. */
        boolean isDefault() {
            return arguments.get(0).equals(DEFAULT);
        }

        /** Whether it needs another route, or an address, to reach its gateway. */
        boolean hasGateway() {
            return arguments.contains("via");
        }

        /** Value of an option, empty text when it has none. */
        String option(String name) {
            int at = arguments.indexOf(name);
            return at < 0 || at + 1 == arguments.size() ? "" : arguments.get(at + 1);
        }
    }

    Snapshot {
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
    }

    /** Whether the address is there, whatever its prefix. */
    boolean hasIp(String ip) {
        return addresses.stream().anyMatch(address -> address.cidr().startsWith(ip + "/"));
    }

    /** Whether the address is there. */
    boolean hasAddress(String cidr) {
        return addresses.stream().anyMatch(address -> address.cidr().equals(cidr));
    }
}
