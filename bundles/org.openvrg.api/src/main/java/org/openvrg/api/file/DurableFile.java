package org.openvrg.api.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Small files that are replaced as a whole: a kill or a power loss at any instant leaves the old content or the new one,
 * and the new one is on stable storage when the call returns. The new content is first written to a file beside it,
 * whose name ends with {@code .new}; one that a crash left there is overwritten by the next call.
 *
 * <p>Stateless; two calls for the same file must not overlap.
 */
public final class DurableFile {
    private static final Set<StandardOpenOption> REPLACE =
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
    private static final Set<StandardOpenOption> MAKE = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);

    private DurableFile() {}

    /**
     * Makes a file, or replaces it; its folder has to be there.
     *
     * @throws IOException when it can't be written: the old content stands, or what was written may get lost
     */
    public static void replace(Path file, byte[] content) throws IOException {
        Path next = next(file);
        try (FileChannel channel = FileChannel.open(next, REPLACE)) {
            write(channel, content);
        }
        take(next, file);
    }

    /**
     * The same for a file that only some may read; nobody else can at any instant.
     *
     * @throws IOException as above
     */
    public static void replace(Path file, byte[] content, Set<PosixFilePermission> mode) throws IOException {
        Path next = next(file);
        Files.deleteIfExists(next);
        FileAttribute<Set<PosixFilePermission>> attribute = PosixFilePermissions.asFileAttribute(mode);
        try (FileChannel channel = FileChannel.open(next, MAKE, attribute)) {
            write(channel, content);
        }
        take(next, file);
    }

    /**
     * Brings the names in a folder to stable storage.
     *
     * @throws IOException when that failed
     */
    public static void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static Path next(Path file) {
        return file.resolveSibling(file.getFileName() + ".new");
    }

    private static void write(FileChannel channel, byte[] content) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        channel.force(true);
    }

    private static void take(Path next, Path file) throws IOException {
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncFolder(file.toAbsolutePath().getParent());
    }
}
