package org.openvrg.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A folder for the files of one target, in memory where the system has such a file system; emptied for each input. */
public final class MemoryFolder {
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private final Path root;

    private MemoryFolder(Path root) {
        this.root = root;
    }

    /** A fresh one, deleted at the end of the process. */
    public static MemoryFolder make() {
        try {
            MemoryFolder made = new MemoryFolder(
                    Files.isWritable(SHARED_MEMORY)
                            ? Files.createTempDirectory(SHARED_MEMORY, "vrg-fuzz")
                            : Files.createTempDirectory("vrg-fuzz"));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> made.delete(made.root)));
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The folder, empty. */
    public Path emptied() {
        delete(root);
        try {
            return Files.createDirectories(root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            List<Path> deepestFirst = all.sorted(Comparator.reverseOrder()).toList();
            for (Path one : deepestFirst) {
                Files.delete(one);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
