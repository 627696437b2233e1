package org.openvrg.storage.localpome.internal;

import java.nio.file.Path;

/**
 * Validated configuration of one datastore.
 *
 * @param dsUrn its name, empty text for the default datastore
 * @param root its folder
 * @param createMissing whether volumes that do not exist are created
 * @param punchHoles whether raw images give trimmed space back
 */
record Settings(String dsUrn, Path root, boolean createMissing, boolean punchHoles) {
    private static final int MAX_URN_LENGTH = 512;

    /** Checks the values. */
    Settings {
        if (dsUrn.length() > MAX_URN_LENGTH) {
            throw new IllegalArgumentException(
                    "dsUrn has " + dsUrn.length() + " characters, at most " + MAX_URN_LENGTH + " are allowed");
        }
        if (!root.isAbsolute()) {
            throw new IllegalArgumentException("root is '" + root + "', it must be an absolute path of a folder");
        }
    }

    /** Reads the configuration; absent texts are empty. */
    static Settings of(String dsUrn, String root, boolean createMissing, boolean punchHoles) {
        if (root.isBlank()) {
            throw new IllegalArgumentException("root is empty, it must be an absolute path of a folder");
        }
        return new Settings(dsUrn.trim(), Path.of(root.trim()).toAbsolutePath().normalize(), createMissing, punchHoles);
    }
}
