package org.openvrg.control.internal;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Validated configuration of the control bundle.
 *
 * @param database file of the configuration database
 * @param adminPasswordFile file with the first user's password, where configured
 */
record Settings(Path database, Optional<Path> adminPasswordFile) {

    /**
     * Checks the configured values.
     *
     * @throws IllegalArgumentException names the key, its value and what would be right
     */
    static Settings of(String database, String adminPasswordFile) {
        if (database == null || database.isBlank()) {
            throw new IllegalArgumentException(
                    "org.openvrg.control: database is not set; it is the path of the SQLite file");
        }
        Optional<Path> passwordFile = adminPasswordFile == null || adminPasswordFile.isBlank()
                ? Optional.empty()
                : Optional.of(path("admin-password-file", adminPasswordFile));
        return new Settings(path("database", database).toAbsolutePath(), passwordFile);
    }

    /** Folder of the database. */
    Path directory() {
        Path parent = database.getParent();
        if (parent == null) {
            throw new IllegalArgumentException(
                    "org.openvrg.control: database = " + database + " is not a path of a file in a folder");
        }
        return parent;
    }

    private static Path path(String key, String value) {
        try {
            return Path.of(value.strip());
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(
                    "org.openvrg.control: " + key + " = " + value + " is not a path of a file", e);
        }
    }
}
