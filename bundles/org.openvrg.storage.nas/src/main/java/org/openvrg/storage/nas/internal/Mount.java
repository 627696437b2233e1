package org.openvrg.storage.nas.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;

/**
 * What is mounted at a path, as the kernel tells it in {@code /proc/self/mountinfo} (proc(5)), which answers whatever
 * becomes of the share. Without the check, images of a share that is not mounted would be made on the disk of the host.
 * Stateless.
 */
final class Mount {
    private static final Path TABLE = Path.of("/proc/self/mountinfo");
    private static final int ID = 0;
    private static final int POINT = 4;

    private final Path point;
    private final Optional<String> source;

    /** A mount that has to be there. */
    Mount(Path point, Optional<String> source) {
        this.point = point;
        this.source = source;
    }

    /**
     * The kernel's number of the mount, another one after it was mounted anew.
     *
     * @throws StorageException {@link Kind#PATH_WRONG} if it is not there
     */
    String id() throws StorageException {
        String wanted = point.toString();
        Optional<String> found = Optional.empty();
        String what = "";
        try {
            for (String line : Files.readAllLines(TABLE, StandardCharsets.UTF_8)) {
                int separator = line.indexOf(" - ");
                String[] left = line.substring(0, separator).split(" ", -1);
                if (unescaped(left[POINT]).equals(wanted)) {
                    // the last one covers those before it
                    found = Optional.of(left[ID]);
                    what = unescaped(line.substring(separator + 3).split(" ", -1)[1]);
                }
            }
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "the mounts of this host can't be read", e);
        }
        if (found.isEmpty()) {
            throw new StorageException(Kind.PATH_WRONG, "the share is not mounted");
        }
        if (source.isPresent() && !source.get().equals(what)) {
            throw new StorageException(
                    Kind.PATH_WRONG, "another share is mounted than " + source.get() + ", which is configured");
        }
        return found.get();
    }

    /** Blanks and the like are octal there. */
    private static String unescaped(String text) {
        StringBuilder plain = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            if (text.charAt(at) == '\\' && at + 3 < text.length()) {
                plain.append((char) Integer.parseInt(text.substring(at + 1, at + 4), 8));
                at += 3;
            } else {
                plain.append(text.charAt(at));
            }
        }
        return plain.toString();
    }
}
