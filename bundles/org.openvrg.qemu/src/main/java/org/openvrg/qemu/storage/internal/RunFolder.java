package org.openvrg.qemu.storage.internal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The folder below which every child process has a private one, mode 700, for its socket and secrets. One process uses
 * it at a time; what an earlier one left is removed at the start, since its children ended with it. Thread-safe.
 */
final class RunFolder implements AutoCloseable {
    private static final String PREFIX = "child-";
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    private final Path folder;
    private final FileChannel lockFile;

    /** Takes the folder, which is made if it is missing. */
    RunFolder(Path folder) throws IOException {
        this.folder = folder;
        Files.createDirectories(folder, PRIVATE_FOLDER);
        lockFile = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        boolean taken = false;
        try {
            FileLock lock = lockFile.tryLock();
            if (lock == null) {
                throw new IOException("run-directory " + folder + " is used by another appliance");
            }
            clear();
            taken = true;
        } catch (OverlappingFileLockException e) {
            throw new IOException("run-directory " + folder + " is used already", e);
        } finally {
            if (!taken) {
                lockFile.close();
            }
        }
    }

    /** A new private folder with files that only this user can read. */
    Path make(Map<String, String> files) throws IOException {
        Path made = Files.createTempDirectory(folder, PREFIX, PRIVATE_FOLDER);
        for (Map.Entry<String, String> file : files.entrySet()) {
            Path path = Files.createFile(made.resolve(file.getKey()), PRIVATE_FILE);
            Files.writeString(path, file.getValue());
        }
        return made;
    }

    /** Removes a folder that {@link #make} made. */
    static void remove(Path made) throws IOException {
        try (Stream<Path> files = Files.walk(made)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private void clear() throws IOException {
        try (Stream<Path> left = Files.list(folder)) {
            for (Path one : left.filter(path -> path.getFileName().toString().startsWith(PREFIX))
                    .toList()) {
                remove(one);
            }
        }
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }
}
