package org.openvrg.storage.lunpome.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Validated configuration of one SAN datastore.
 *
 * @param dsUrn its name, empty text for the default datastore
 * @param devices folders whose block devices may be used
 * @param root folder of image files on a cluster file system
 * @param createMissing whether image files that do not exist are created
 * @param portals iSCSI portals that may be used
 * @param initiatorName IQN of this host
 * @param chap how it proves itself to targets
 * @param ownerDirectory where owners of devices and iSCSI units are kept
 * @param callLimit longest time for an answer of the storage
 * @param maxThreads most calls of it at once
 */
record Settings(
        String dsUrn,
        List<Path> devices,
        Optional<Path> root,
        boolean createMissing,
        List<String> portals,
        String initiatorName,
        Optional<Chap> chap,
        Optional<Path> ownerDirectory,
        Duration callLimit,
        int maxThreads) {
    /** User of CHAP, and the file with the secret, which is read when it is needed. */
    record Chap(String user, Path secretFile) {}

    /** Checks the values. */
    Settings {
        devices = List.copyOf(devices);
        portals = List.copyOf(portals);
        if (devices.isEmpty() && root.isEmpty() && portals.isEmpty()) {
            throw new IllegalArgumentException("one of devices, root and portals must be given");
        }
        if (ownerDirectory.isEmpty() && !(devices.isEmpty() && portals.isEmpty())) {
            throw new IllegalArgumentException("owner-directory must be given with devices or portals");
        }
        for (String portal : portals) {
            if (!portal.matches("([A-Za-z0-9.-]+|\\[[0-9a-fA-F:]+\\]):[0-9]{1,5}")) {
                throw new IllegalArgumentException("portals has '" + portal + "', it must be host:port");
            }
        }
        if (!portals.isEmpty() && !initiatorName.matches("iqn\\.[a-z0-9.:-]{1,200}")) {
            throw new IllegalArgumentException("initiator-name is '" + initiatorName
                    + "', with portals it must be an IQN, iqn.2026-01.org.example:host");
        }
        check("call-timeout-seconds", callLimit.toSeconds(), 1, 3600);
        check("max-threads", maxThreads, 4, 1024);
    }

    /** Reads the configuration; absent texts are empty. */
    static Settings of(
            String dsUrn,
            String devices,
            String root,
            boolean createMissing,
            String portals,
            String initiatorName,
            String chapUser,
            String chapSecretFile,
            String ownerDirectory,
            int callTimeoutSeconds,
            int maxThreads) {
        List<Path> folders = new ArrayList<>();
        for (String folder : texts(devices)) {
            folders.add(absolute("devices", folder).orElseThrow());
        }
        Optional<Path> secret = absolute("chap-secret-file", chapSecretFile);
        if (chapUser.isBlank() != secret.isEmpty()) {
            throw new IllegalArgumentException("chap-user and chap-secret-file must be given both, or none of them");
        }
        return new Settings(
                dsUrn.trim(),
                folders,
                absolute("root", root),
                createMissing,
                texts(portals),
                initiatorName.trim(),
                secret.map(file -> new Chap(chapUser.trim(), file)),
                absolute("owner-directory", ownerDirectory),
                Duration.ofSeconds(callTimeoutSeconds),
                maxThreads);
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

    private static Optional<Path> absolute(String key, String text) {
        if (text.isBlank()) {
            return Optional.empty();
        }
        Path path = Path.of(text.trim());
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException(key + " has '" + text + "', it must be an absolute path");
        }
        return Optional.of(path.normalize());
    }

    private static void check(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + " is " + value + ", it must be from " + least + " to " + most);
        }
    }
}
