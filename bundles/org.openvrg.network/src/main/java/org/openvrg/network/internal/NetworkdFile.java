package org.openvrg.network.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * systemd-networkd: a {@code .network} file of our own whose name comes before all others, so that it is the one that
 * counts for the interface (systemd.network(5): the first file that matches is applied, all later ones are ignored).
 *
 * <p>It holds all IPv4 addresses of the interface and its default route, and other routes that have a gateway. What else
 * the former file said has to be in a drop-in of this one.
 */
final class NetworkdFile implements Persistence {
    private static final Logger LOG = LoggerFactory.getLogger(NetworkdFile.class);

    private final Path directory;
    private final List<String> reload;
    private final CommandRunner commands;

    /**
     * In the folder of networkd.
     *
     * @param reload command that makes a running networkd read its files; empty: none
     */
    NetworkdFile(Path directory, List<String> reload, CommandRunner commands) {
        this.directory = directory;
        this.reload = List.copyOf(reload);
        this.commands = commands;
    }

    @Override
    public void check(String device) throws IOException {
        SafeFile.checkWritable(file(device));
    }

    @Override
    public void write(String device, Snapshot target) throws IOException {
        SafeFile.write(file(device), text(device, target));
        if (!reload.isEmpty()) {
            try {
                commands.run(reload);
            } catch (IOException e) {
                LOG.warn("systemd-networkd was not told of the new settings of {}; they are read at boot", device, e);
            }
        }
    }

    private Path file(String device) {
        return directory.resolve("00-vrg-" + device + ".network");
    }

    private static String text(String device, Snapshot target) {
        StringBuilder text = new StringBuilder("# Written by VRG when the management network was changed over REST.\n"
                + "# It takes the place of every other file for this interface; further settings go into\n"
                + "# 00-vrg-" + device + ".network.d/*.conf\n"
                + "[Match]\nName=" + device + "\n\n[Network]\n");
        target.addresses()
                .forEach(address ->
                        text.append("Address=").append(address.cidr()).append('\n'));
        for (Snapshot.Route route : target.routes()) {
            if (route.hasGateway()) {
                text.append("\n[Route]\nGateway=").append(route.option("via")).append('\n');
                if (!route.isDefault()) {
                    line(text, "Destination", route.arguments().get(0));
                }
                line(text, "Metric", route.option("metric"));
                line(text, "PreferredSource", route.option("src"));
                if (route.arguments().contains("onlink")) {
                    line(text, "GatewayOnLink", "yes");
                }
            }
        }
        return text.toString();
    }

    private static void line(StringBuilder text, String key, String value) {
        if (!value.isEmpty()) {
            text.append(key).append('=').append(value).append('\n');
        }
    }
}
