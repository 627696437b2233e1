package org.openvrg.storage.nas.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Validated configuration of one share.
 *
 * @param dsUrn its name, empty text for the default share
 * @param mountPoint where it is mounted
 * @param mountSource what has to be mounted there
 * @param folder folder of the images, at or below the mount point
 * @param createMissing whether volumes that do not exist are created
 * @param exports {@code server:/path} that {@code nfs://} URLs may lead into
 * @param ownerDirectory where owners of {@code nfs://} volumes are kept
 * @param callLimit longest time for an answer of the share
 * @param maxThreads most calls of it at once
 */
record Settings(
        String dsUrn,
        Optional<Path> mountPoint,
        Optional<String> mountSource,
        Optional<Path> folder,
        boolean createMissing,
        List<String> exports,
        Optional<Path> ownerDirectory,
        Duration callLimit,
        int maxThreads) {
    private static final String EXPORT = "[A-Za-z0-9._:\\[\\]-]+:(/[A-Za-z0-9._-]+)+";

    /** Checks the values. */
    Settings {
        exports = List.copyOf(exports);
        if (mountPoint.isEmpty() && exports.isEmpty()) {
            throw new IllegalArgumentException("one of mount-point and exports must be given");
        }
        for (String export : exports) {
            if (!export.matches(EXPORT)) {
                throw new IllegalArgumentException("exports has '" + export + "', it must be server:/path");
            }
        }
        if (!exports.isEmpty() && ownerDirectory.isEmpty()) {
            throw new IllegalArgumentException("owner-directory must be given with exports");
        }
        check("call-timeout-seconds", callLimit.toSeconds(), 1, 3600);
        check("max-threads", maxThreads, 4, 1024);
    }

    /** Reads the configuration; absent texts are empty. */
    static Settings of(
            String dsUrn,
            String mountPoint,
            String mountSource,
            String folder,
            boolean createMissing,
            String exports,
            String ownerDirectory,
            int callTimeoutSeconds,
            int maxThreads) {
        Optional<Path> mount = absolute("mount-point", mountPoint);
        Path below = Path.of(folder.trim()).normalize();
        if (below.isAbsolute() || below.startsWith("..")) {
            throw new IllegalArgumentException("folder is '" + folder + "', it must be a path below mount-point");
        }
        List<String> list = new ArrayList<>();
        for (String export : exports.split(",", -1)) {
            if (!export.isBlank()) {
                list.add(export.trim());
            }
        }
        return new Settings(
                dsUrn.trim(),
                mount,
                Optional.of(mountSource.trim()).filter(text -> !text.isEmpty()),
                mount.map(path -> path.resolve(below).normalize()),
                createMissing,
                list,
                absolute("owner-directory", ownerDirectory),
                Duration.ofSeconds(callTimeoutSeconds),
                maxThreads);
    }

    private static Optional<Path> absolute(String key, String text) {
        if (text.isBlank()) {
            return Optional.empty();
        }
        Path path = Path.of(text.trim());
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException(key + " is '" + text + "', it must be an absolute path of a folder");
        }
        return Optional.of(path.normalize());
    }

    private static void check(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + " is " + value + ", it must be from " + least + " to " + most);
        }
    }
}
