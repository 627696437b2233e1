package org.openvrg.network.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this process may do: its effective capabilities (capabilities(7)), from {@code /proc/self/status}. Stateless. */
final class Privileges {
    private static final String EFFECTIVE = "CapEff:";
    private static final int CAP_NET_ADMIN = 12;

    private Privileges() {}

    /** Whether this process may change the network. */
    static boolean mayChangeNetwork() throws IOException {
        return mayChangeNetwork(
                new String(Files.readAllBytes(Path.of("/proc/self/status")), StandardCharsets.ISO_8859_1));
    }

    /** The same from a given text. */
    static boolean mayChangeNetwork(String status) {
        return status.lines()
                .filter(line -> line.startsWith(EFFECTIVE))
                .map(line -> Long.parseUnsignedLong(
                        line.substring(EFFECTIVE.length()).strip(), 16))
                .anyMatch(capabilities -> (capabilities >> CAP_NET_ADMIN & 1) == 1);
    }
}
