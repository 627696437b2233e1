package org.openvrg.network.internal;

import java.io.IOException;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Which network manager keeps the interface: the configured one, else the one that is there. Stateless. */
final class PersistenceChoice {
    private final Settings settings;
    private final CommandRunner commands;

    /** By configuration. */
    PersistenceChoice(Settings settings, CommandRunner commands) {
        this.settings = settings;
        this.commands = commands;
    }

    /** The one for an interface; empty when none is known to keep it. */
    Optional<Persistence> find(String device) throws IOException {
        return switch (settings.persistence()) {
            case NETWORKD -> Optional.of(networkd());
            case IFUPDOWN -> Optional.of(ifupdown());
            case AUTO -> {
                if (networkdManages(device)) {
                    yield Optional.of(networkd());
                }
                yield Files.isRegularFile(settings.ifupdownFile()) ? Optional.of(ifupdown()) : Optional.empty();
            }
        };
    }

    private Persistence networkd() {
        List<String> reload =
                settings.networkctl().map(path -> List.of(path, "reload")).orElse(List.of());
        return new NetworkdFile(settings.networkdDirectory(), reload, commands);
    }

    private Persistence ifupdown() {
        return new IfupdownFile(settings.ifupdownFile());
    }

    /** networkd keeps a file for each link, by its index, which tells whether it manages it. */
    private boolean networkdManages(String device) throws IOException {
        NetworkInterface link = NetworkInterface.getByName(device);
        if (link == null) {
            return false;
        }
        Path state = settings.networkdState().resolve("links").resolve(Integer.toString(link.getIndex()));
        if (!Files.isReadable(state)) {
            return false;
        }
        List<String> lines = new String(Files.readAllBytes(state), StandardCharsets.UTF_8)
                .lines()
                .toList();
        return lines.stream().anyMatch(line -> line.startsWith("ADMIN_STATE="))
                && !lines.contains("ADMIN_STATE=unmanaged");
    }
}
