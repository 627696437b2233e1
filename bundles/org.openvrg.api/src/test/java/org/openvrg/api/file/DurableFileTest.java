package org.openvrg.api.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableFileTest {
    private static final byte[] OLD = "a longer old content".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NEW = "new".getBytes(StandardCharsets.US_ASCII);

    @TempDir
    private Path folder;

    @Test
    void makesAndReplaces() throws IOException {
        Path file = folder.resolve("state");
        DurableFile.replace(file, OLD);
        assertArrayEquals(OLD, Files.readAllBytes(file));
        DurableFile.replace(file, NEW);
        assertArrayEquals(NEW, Files.readAllBytes(file));
        assertEquals(List.of("state"), names());
    }

    @Test
    void overwritesWhatACrashLeft() throws IOException {
        Path file = folder.resolve("state");
        Files.write(folder.resolve("state.new"), OLD);
        DurableFile.replace(file, NEW);
        assertArrayEquals(NEW, Files.readAllBytes(file));
        assertEquals(List.of("state"), names());
    }

    @Test
    void keepsOthersOut() throws IOException {
        Path file = folder.resolve("key");
        Files.write(folder.resolve("key.new"), OLD);
        DurableFile.replace(file, NEW, PosixFilePermissions.fromString("rw-------"));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertArrayEquals(NEW, Files.readAllBytes(file));
    }

    @Test
    void leavesTheOldContentWhenItFails() throws IOException {
        Path file = folder.resolve("state");
        DurableFile.replace(file, OLD);
        Files.createDirectory(folder.resolve("state.new"));
        assertThrows(IOException.class, () -> DurableFile.replace(file, NEW));
        assertArrayEquals(OLD, Files.readAllBytes(file));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).toList();
        }
    }
}
