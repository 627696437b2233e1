package org.openvrg.control.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteDataSource;

class SqliteConfigStoreTest {
    @TempDir
    Path directory;

    @Test
    void keepsValuesAcrossOpenings() {
        Path file = directory.resolve("sub/vrg.db");
        try (SqliteConfigStore store = new SqliteConfigStore(file)) {
            store.put("a", "k2", "two");
            store.put("a", "k1", "one — 一");
            store.put("b", "k1", "other");
            store.put("a", "k2", "second");
            store.remove("b", "absent");
        }
        try (SqliteConfigStore store = new SqliteConfigStore(file)) {
            assertEquals(Optional.of("one — 一"), store.get("a", "k1"));
            assertEquals(Optional.empty(), store.get("a", "k3"));
            assertEquals(Map.of("k1", "one — 一", "k2", "second"), store.all("a"));
            assertEquals(List.of("k1", "k2"), List.copyOf(store.all("a").keySet()));
            store.remove("a", "k1");
            assertEquals(Optional.empty(), store.get("a", "k1"));
            assertEquals(Optional.of("other"), store.get("b", "k1"));
        }
    }

    @Test
    void hidesTheFileFromOthers() throws Exception {
        Path file = directory.resolve("vrg.db");
        try (SqliteConfigStore store = new SqliteConfigStore(file)) {
            store.put("a", "k", "v");
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        }
    }

    @Test
    void findsWhatWasPutInACopyOfTheFilesOfALiveStore() throws Exception {
        Path file = directory.resolve("vrg.db");
        try (SqliteConfigStore store = new SqliteConfigStore(file)) {
            store.put("a", "k", "v");
            Path crashed = Files.createDirectory(directory.resolve("crashed"));
            for (String suffix : List.of("", "-wal")) {
                Files.copy(
                        directory.resolve("vrg.db" + suffix),
                        crashed.resolve("vrg.db" + suffix),
                        StandardCopyOption.REPLACE_EXISTING);
            }
            try (SqliteConfigStore recovered = new SqliteConfigStore(crashed.resolve("vrg.db"))) {
                assertEquals(Optional.of("v"), recovered.get("a", "k"));
            }
        }
    }

    @Test
    void syncsEachChange() throws Exception {
        try (SqliteConfigStore store = new SqliteConfigStore(directory.resolve("vrg.db"))) {
            assertEquals("wal", store.pragma("journal_mode"));
            assertEquals("2", store.pragma("synchronous"));
        }
    }

    @Test
    void refusesAFileThatIsNoDatabase() throws Exception {
        Path file = directory.resolve("vrg.db");
        Files.writeString(file, "this is no database, however long it may be ".repeat(100));
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> new SqliteConfigStore(file));
        assertTrue(e.getMessage().contains("vrg.db"), e.getMessage());
        assertTrue(e.getMessage().contains("restore it from a backup"), e.getMessage());
    }

    @Test
    void refusesADamagedDatabase() throws Exception {
        Path file = directory.resolve("vrg.db");
        try (SqliteConfigStore store = new SqliteConfigStore(file)) {
            for (int i = 0; i < 200; i++) {
                store.put("a", "key" + i, "v".repeat(500));
            }
        }
        byte[] bytes = Files.readAllBytes(file);
        byte[] noise = "damage".getBytes(StandardCharsets.US_ASCII);
        for (int page = 4096; page < bytes.length; page += 4096) {
            System.arraycopy(noise, 0, bytes, page, noise.length);
        }
        Files.write(file, bytes);
        assertThrows(IllegalStateException.class, () -> new SqliteConfigStore(file));
    }

    @Test
    void refusesANewerSchema() throws SQLException {
        Path file = directory.resolve("vrg.db");
        new SqliteConfigStore(file).close();
        SQLiteDataSource source = new SQLiteDataSource();
        source.setUrl("jdbc:sqlite:" + file);
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("UPDATE schema_version SET version = 99");
        }
        IllegalStateException e = assertThrows(IllegalStateException.class, () -> new SqliteConfigStore(file));
        assertTrue(e.getMessage().contains("newer release"), e.getMessage());
    }

    @Test
    void boundsNamesAndValues() {
        try (SqliteConfigStore store = new SqliteConfigStore(directory.resolve("vrg.db"))) {
            assertThrows(IllegalArgumentException.class, () -> store.put("", "k", "v"));
            assertThrows(IllegalArgumentException.class, () -> store.put("a", "k".repeat(257), "v"));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> store.put("a", "k", "v".repeat(SqliteConfigStore.MAX_VALUE_CHARS + 1)));
        }
    }
}
