package org.openvrg.network.internal;

import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The IPv4 routes of the kernel as {@code /proc/net/route} gives them: one line each, fields separated by tabs, addresses
 * as eight hex digits of a 32-bit number in the byte order of the machine. Stateless.
 */
final class RoutingTable {
    private static final Path FILE = Path.of("/proc/net/route");
    private static final Pattern TAB = Pattern.compile("\\s+");
    private static final int FIELDS = 8;
    private static final String ZERO = "00000000";

    private RoutingTable() {}

    /** The gateway of the default route through an interface, the one of the lowest metric where there are several. */
    static Optional<String> defaultGateway(String device) throws IOException {
        return defaultGateway(
                new String(Files.readAllBytes(FILE), StandardCharsets.US_ASCII)
                        .lines()
                        .toList(),
                device);
    }

    /** The same from given lines. */
    static Optional<String> defaultGateway(List<String> lines, String device) {
        long best = Long.MAX_VALUE;
        Optional<String> gateway = Optional.empty();
        for (String line : lines) {
            // Iface Destination Gateway Flags RefCnt Use Metric Mask …
            String[] fields = TAB.split(line.strip());
            boolean way = fields.length >= FIELDS
                    && fields[0].equals(device)
                    && fields[1].equals(ZERO)
                    && fields[7].equals(ZERO)
                    && !fields[2].equals(ZERO);
            if (way && Long.parseLong(fields[6]) < best) {
                best = Long.parseLong(fields[6]);
                gateway = Optional.of(Ipv4.format(number(fields[2])));
            }
        }
        return gateway;
    }

    private static long number(String hex) {
        int raw = Integer.parseUnsignedInt(hex, 16);
        int big = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? Integer.reverseBytes(raw) : raw;
        return Integer.toUnsignedLong(big);
    }
}
