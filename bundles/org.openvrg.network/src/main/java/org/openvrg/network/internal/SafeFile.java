package org.openvrg.network.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.openvrg.api.file.DurableFile;

/**
 * Writes small text files so that a kill or a power loss at any instant leaves the old or the new one, and the new one
 * is on stable storage when the call returns. Stateless.
 */
final class SafeFile {
    private static final Set<PosixFilePermission> READABLE = PosixFilePermissions.fromString("rw-r--r--");

    private SafeFile() {}

    /** Writes a file; one that is there keeps its permissions. */
    static void write(Path file, String text) throws IOException {
        Path real = Files.exists(file) ? file.toRealPath() : file;
        Set<PosixFilePermission> mode = Files.exists(real) ? Files.getPosixFilePermissions(real) : READABLE;
        Path next = next(real);
        try {
            Files.deleteIfExists(next);
            FileAttribute<?> attribute = PosixFilePermissions.asFileAttribute(mode);
            Files.createFile(next, attribute);
            Files.setPosixFilePermissions(next, mode);
            try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(next, real, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(next);
        }
        DurableFile.syncFolder(real.toAbsolutePath().getParent());
    }

    /** Removes a file for good. */
    static void delete(Path file) throws IOException {
        if (Files.deleteIfExists(file)) {
            DurableFile.syncFolder(file.toAbsolutePath().getParent());
        }
    }

    /** Fails unless {@link #write} could make its file beside this one. */
    static void checkWritable(Path file) throws IOException {
        Path real = Files.exists(file) ? file.toRealPath() : file;
        Path probe = next(real);
        Files.deleteIfExists(probe);
        Files.createFile(probe);
        Files.delete(probe);
    }

    /** Hidden, and with an ending of its own: no network manager takes it for one of its files. */
    private static Path next(Path file) {
        return file.resolveSibling("." + file.getFileName() + ".vrg-new");
    }
}
