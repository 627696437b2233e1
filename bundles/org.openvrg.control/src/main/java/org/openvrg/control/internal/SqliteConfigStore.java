package org.openvrg.control.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.openvrg.api.failure.StoreException;
import org.openvrg.api.service.ConfigStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * The configuration in a SQLite file: write-ahead log, each change synced before its call returns.
 *
 * <p>One connection, guarded by the monitor of this object; changes are rare and small. The statements keep to the SQL
 * that PostgreSQL understands too, apart from the pragmas at open.
 *
 * <p>A file that is no database, is damaged or was written by a newer release fails the opening: starting with an empty
 * configuration instead would silently end the protection of all VMs.
 */
public class SqliteConfigStore implements ConfigStore, AutoCloseable {
    /** Version of the tables that this release writes. */
    static final int SCHEMA_VERSION = 1;

    /** Longest name of an area or a key, in characters. */
    static final int MAX_NAME_CHARS = 256;

    /** Longest value, in characters. */
    static final int MAX_VALUE_CHARS = 4 * 1024 * 1024;

    private static final int BUSY_TIMEOUT_MILLIS = 5_000;
    private static final Logger LOG = LoggerFactory.getLogger(SqliteConfigStore.class);

    private final Path file;
    private final Connection connection;

    /**
     * Opens the database and makes it when it is not there.
     *
     * @throws IllegalStateException when it can't be opened, is damaged or too new; the message names the file
     */
    public SqliteConfigStore(Path file) {
        this.file = file.toAbsolutePath();
        try {
            prepareFile();
        } catch (IOException e) {
            throw new IllegalStateException("the configuration database " + this.file + " can't be created", e);
        }
        Connection opened = null;
        try {
            opened = connect();
            checkIntegrity(opened);
            migrate(opened);
        } catch (SQLException | RuntimeException e) {
            closeQuietly(opened);
            throw unusable(e);
        }
        this.connection = opened;
    }

    @Override
    public synchronized Optional<String> get(String area, String key) {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT content FROM config WHERE area = ? AND name = ?")) {
            select.setString(1, area);
            select.setString(2, key);
            try (ResultSet rows = select.executeQuery()) {
                return rows.next() ? Optional.of(rows.getString(1)) : Optional.empty();
            }
        } catch (SQLException e) {
            throw failed("read", e);
        }
    }

    @Override
    public synchronized Map<String, String> all(String area) {
        SortedMap<String, String> entries = new TreeMap<>();
        try (PreparedStatement select =
                connection.prepareStatement("SELECT name, content FROM config WHERE area = ?")) {
            select.setString(1, area);
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    entries.put(rows.getString(1), rows.getString(2));
                }
            }
        } catch (SQLException e) {
            throw failed("read", e);
        }
        return Collections.unmodifiableSortedMap(entries);
    }

    @Override
    public synchronized void put(String area, String key, String value) {
        requireName("area", area);
        requireName("key", key);
        if (value.length() > MAX_VALUE_CHARS) {
            throw new IllegalArgumentException("a value has at most " + MAX_VALUE_CHARS + " characters");
        }
        try (PreparedStatement upsert = connection.prepareStatement("INSERT INTO config (area, name, content)"
                + " VALUES (?, ?, ?) ON CONFLICT (area, name) DO UPDATE SET content = excluded.content")) {
            upsert.setString(1, area);
            upsert.setString(2, key);
            upsert.setString(3, value);
            upsert.executeUpdate();
        } catch (SQLException e) {
            throw failed("write", e);
        }
    }

    @Override
    public synchronized void remove(String area, String key) {
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM config WHERE area = ? AND name = ?")) {
            delete.setString(1, area);
            delete.setString(2, key);
            delete.executeUpdate();
        } catch (SQLException e) {
            throw failed("write", e);
        }
    }

    @Override
    public synchronized void close() {
        closeQuietly(connection);
    }

    /** The value of a pragma in force. */
    synchronized String pragma(String name) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("PRAGMA " + name)) {
            return rows.next() ? rows.getString(1) : "";
        }
    }

    /** The file is made here, so that nobody but its owner can read it from the start. */
    private void prepareFile() throws IOException {
        Path directory = file.getParent();
        if (directory != null) {
            Files.createDirectories(directory);
        }
        if (!Files.exists(file)) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
    }

    private Connection connect() throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setBusyTimeout(BUSY_TIMEOUT_MILLIS);
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:" + file);
        return source.getConnection();
    }

    private static void checkIntegrity(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("PRAGMA integrity_check(1)")) {
            String verdict = rows.next() ? rows.getString(1) : "no answer";
            if (!"ok".equals(verdict)) {
                throw new SQLException("integrity check: " + verdict);
            }
        }
    }

    private void migrate(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)");
            int version = 0;
            try (ResultSet rows = statement.executeQuery("SELECT version FROM schema_version")) {
                if (rows.next()) {
                    version = rows.getInt(1);
                }
            }
            if (version > SCHEMA_VERSION) {
                throw new SQLException("it was written by a newer release: its schema version is " + version
                        + ", this release knows up to " + SCHEMA_VERSION);
            }
            if (version == 0) {
                statement.executeUpdate("CREATE TABLE config (area VARCHAR(256) NOT NULL, name VARCHAR(256) NOT NULL,"
                        + " content TEXT NOT NULL, PRIMARY KEY (area, name))");
                statement.executeUpdate("INSERT INTO schema_version (version) VALUES (" + SCHEMA_VERSION + ")");
                LOG.info("made the configuration database {}", file);
            }
            connection.commit();
        }
        connection.setAutoCommit(true);
    }

    private IllegalStateException unusable(Exception cause) {
        return new IllegalStateException(
                "the configuration database " + file + " can't be used (" + cause.getMessage()
                        + "); restore it from a backup, or move it and its -wal and -shm files away to start with"
                        + " an empty configuration",
                cause);
    }

    private StoreException failed(String action, SQLException cause) {
        return new StoreException("can't " + action + " the configuration database " + file, cause);
    }

    private static void requireName(String what, String name) {
        if (name.isEmpty() || name.length() > MAX_NAME_CHARS) {
            throw new IllegalArgumentException("the " + what + " has 1 to " + MAX_NAME_CHARS + " characters");
        }
    }

    private static void closeQuietly(Connection connection) {
        if (connection == null) {
            return;
        }
        try {
            connection.close();
        } catch (SQLException e) {
            LOG.warn("the configuration database did not close cleanly; it recovers when it is opened again", e);
        }
    }
}
