package org.openvrg.storage.dsware.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Validated configuration of one cluster.
 *
 * @param dsUrn its name, empty text for the default cluster
 * @param managementAddresses values of {@code dsMgntIp} that mean it; none: any
 * @param monitors its monitors
 * @param pools pool of each {@code dsResourceId}
 * @param user Ceph user
 * @param keyFile file with the user's key, which is read when it is needed
 * @param createMissing whether images that do not exist are created
 */
record Settings(
        String dsUrn,
        List<String> managementAddresses,
        List<String> monitors,
        Map<String, String> pools,
        String user,
        Path keyFile,
        boolean createMissing) {
    private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,127}";
    private static final String MONITOR = "([A-Za-z0-9.-]+|\\[[0-9a-fA-F:]+\\])(:[0-9]{1,5})?";

    /** Checks the values. */
    Settings {
        managementAddresses = List.copyOf(managementAddresses);
        monitors = List.copyOf(monitors);
        pools = Map.copyOf(pools);
        if (monitors.isEmpty() || pools.isEmpty()) {
            throw new IllegalArgumentException("monitors and pools must be given");
        }
        for (String monitor : monitors) {
            if (!monitor.matches(MONITOR)) {
                throw new IllegalArgumentException("monitors has '" + monitor + "', it must be host or host:port");
            }
        }
        if (!user.matches(NAME)) {
            throw new IllegalArgumentException("user is '" + user + "', it must be the name of a Ceph user");
        }
        if (!keyFile.isAbsolute()) {
            throw new IllegalArgumentException("key-file is '" + keyFile + "', it must be an absolute path");
        }
    }

    /** Reads the configuration; absent texts are empty. */
    static Settings of(
            String dsUrn,
            String managementAddresses,
            String monitors,
            String pools,
            String user,
            String keyFile,
            boolean createMissing) {
        Map<String, String> byId = new TreeMap<>();
        for (String pool : texts(pools)) {
            String[] parts = pool.split("=", -1);
            if (parts.length != 2 || parts[0].isBlank() || !parts[1].trim().matches(NAME)) {
                throw new IllegalArgumentException("pools has '" + pool + "', it must be dsResourceId=pool");
            }
            byId.put(parts[0].trim(), parts[1].trim());
        }
        return new Settings(
                dsUrn.trim(),
                texts(managementAddresses),
                texts(monitors),
                byId,
                user.trim(),
                Path.of(keyFile.trim()),
                createMissing);
    }

    private static List<String> texts(String values) {
        List<String> texts = new ArrayList<>();
        for (String value : values.split(",", -1)) {
            if (!value.isBlank()) {
                texts.add(value.trim());
            }
        }
        return texts;
    }
}
