package org.openvrg.network.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Dictionary;
import java.util.List;
import java.util.Optional;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;

/** From the configuration of the parts that listen, with their defaults. Thread-safe. */
final class ConfiguredListeners implements Listeners {
    private static final String WEB = "org.ops4j.pax.web";
    private static final String HTTPS = "org.openvrg.https";
    private static final int HTTP_PORT = 8080;
    private static final int HTTPS_PORT = 8443;
    private static final int NBD_PORT = 10_809;
    private static final int LINK_PORT = 7000;

    private final ConfigurationAdmin configurations;

    /** Over all configurations. */
    ConfiguredListeners(ConfigurationAdmin configurations) {
        this.configurations = configurations;
    }

    @Override
    public int restPort() {
        return http() || !https()
                ? number(WEB, "org.osgi.service.http.port", HTTP_PORT)
                : number(HTTPS, "port", HTTPS_PORT);
    }

    @Override
    public List<String> restAddresses() {
        List<String> addresses = new ArrayList<>();
        if (http()) {
            String listed = value(WEB, "org.ops4j.pax.web.listening.addresses").orElse("0.0.0.0");
            addresses.addAll(
                    Arrays.stream(listed.split(",", -1)).map(String::strip).toList());
        }
        if (https()) {
            addresses.add(value(HTTPS, "address").orElse("127.0.0.1"));
        }
        return addresses;
    }

    @Override
    public int nbdPort() {
        return number("org.openvrg.nbd", "port", NBD_PORT);
    }

    @Override
    public int linkPort() {
        return number("org.openvrg.link", "port", LINK_PORT);
    }

    private boolean http() {
        return value(WEB, "org.osgi.service.http.enabled")
                .map(Boolean::parseBoolean)
                .orElse(true);
    }

    private boolean https() {
        return properties(HTTPS).isPresent()
                && value(HTTPS, "enabled").map(Boolean::parseBoolean).orElse(true);
    }

    /** A value that is no number keeps its part from starting, which reports it. */
    private int number(String pid, String key, int otherwise) {
        return value(pid, key)
                .filter(text -> text.matches("[0-9]{1,5}"))
                .map(Integer::parseInt)
                .orElse(otherwise);
    }

    private Optional<String> value(String pid, String key) {
        return properties(pid)
                .flatMap(properties -> Optional.ofNullable(properties.get(key)))
                .map(value -> value.toString().strip())
                .filter(text -> !text.isEmpty());
    }

    private Optional<Dictionary<String, Object>> properties(String pid) {
        try {
            Configuration[] found = configurations.listConfigurations("(" + Constants.SERVICE_PID + "=" + pid + ")");
            return found == null ? Optional.empty() : Optional.ofNullable(found[0].getProperties());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
