package org.openvrg.api.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;

/**
 * A folder that holds image files. No volume URL leads out of it: neither by {@code ..}, nor as an absolute path, nor
 * through symbolic links. Thread-safe; the folder need not exist yet.
 */
public final class ImageFolder {
    private static final int MAX_URL_LENGTH = 1024;

    private final Path root;

    /** The folder of an absolute path. */
    public ImageFolder(Path root) {
        this.root = root;
    }

    /** Makes images that do not exist. */
    public interface Maker {
        /** Refuses, before anything is made, and takes away what is left of a former image of that path. */
        void check(Path file) throws IOException, StorageException;

        /** Makes the file. */
        void make(Path file) throws IOException, StorageException;
    }

    /**
     * The real path of a volume's file, which has to exist.
     *
     * @param url path relative to the folder
     * @param name what messages call the volume
     * @throws StorageException {@link Kind#PATH_WRONG} if it is missing, leads out of the folder, or is no regular file
     */
    public Path resolve(String url, String name) throws StorageException, IOException {
        return resolve(url, name, new Maker() {
            @Override
            public void check(Path file) throws StorageException {
                throw wrong(name, "there is no such file in its datastore");
            }

            @Override
            public void make(Path file) {
                throw new IllegalStateException("refused before");
            }
        });
    }

    /**
     * The real path of a volume's file, which is a regular one.
     *
     * @param url path relative to the folder
     * @param name what messages call the volume
     * @param maker makes a file that is missing
     * @throws StorageException {@link Kind#PATH_WRONG} if it leads out of the folder, or can't be made
     */
    public Path resolve(String url, String name, Maker maker) throws StorageException, IOException {
        Path relative = relative(url, name);
        if (!Files.isDirectory(root)) {
            throw wrong(name, "the root folder of its datastore does not exist");
        }
        Path realRoot = root.toRealPath();
        Path wanted = realRoot.resolve(relative);
        checkInside(realRoot, nearestExisting(wanted).toRealPath(), name);
        if (!Files.exists(wanted, LinkOption.NOFOLLOW_LINKS)) {
            make(wanted, name, maker);
        }
        if (!Files.exists(wanted)) {
            throw wrong(name, "it is a symbolic link that leads nowhere");
        }
        Path file = wanted.toRealPath();
        checkInside(realRoot, file, name);
        if (!Files.isRegularFile(file) || OwnerFile.isReserved(String.valueOf(file.getFileName()))) {
            throw wrong(name, "it is not a regular file");
        }
        return file;
    }

    /** A refusal with a reason. */
    public static StorageException wrong(String name, String why) {
        return new StorageException(Kind.PATH_WRONG, "volume " + name + ": " + why);
    }

    /** The URL as messages may show it: one line, not endless. */
    public static String printable(String url) {
        String line = url.replaceAll("\\p{Cntrl}", "?");
        return line.length() <= 120 ? "'" + line + "'" : "'" + line.substring(0, 120) + "...'";
    }

    private static Path relative(String url, String name) throws StorageException {
        if (url.isEmpty() || url.length() > MAX_URL_LENGTH || url.chars().anyMatch(Character::isISOControl)) {
            throw wrong(name, "the URL must have 1 to " + MAX_URL_LENGTH + " printable characters");
        }
        Path path;
        try {
            path = Path.of(url);
        } catch (InvalidPathException e) {
            throw new StorageException(Kind.PATH_WRONG, "volume " + name + ": the URL is not a path", e);
        }
        if (path.isAbsolute()) {
            throw wrong(name, "the URL must be relative to the root of its datastore");
        }
        for (Path part : path) {
            String text = part.toString();
            if (text.equals("..") || text.equals(".") || text.isEmpty() || OwnerFile.isReserved(text)) {
                throw wrong(name, "the URL must be a plain path below the root of its datastore");
            }
        }
        return path;
    }

    /** The image is whole before it gets its name: a crash in between leaves no file that is too small. */
    private static void make(Path file, String name, Maker maker) throws StorageException, IOException {
        maker.check(file);
        Path folder = parent(file);
        Path making = folder.resolve("." + file.getFileName() + OwnerFile.SUFFIX + ".creating");
        Path next = making.resolve(file.getFileName());
        try {
            Files.createDirectories(making);
            maker.make(next);
            try (FileChannel made = FileChannel.open(next, StandardOpenOption.WRITE)) {
                made.force(true);
            }
            Files.move(next, file);
        } catch (FileAlreadyExistsException e) {
            throw new StorageException(Kind.PATH_WRONG, "volume " + name + " is being created by someone else", e);
        } finally {
            Files.deleteIfExists(next);
            Files.deleteIfExists(making);
        }
        DurableFile.syncFolder(folder);
    }

    private static Path nearestExisting(Path path) {
        Path at = path;
        while (!Files.exists(at)) {
            at = parent(at);
        }
        return at;
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalStateException("a path below a datastore has a parent");
        }
        return parent;
    }

    private static void checkInside(Path root, Path real, String name) throws StorageException {
        if (!real.startsWith(root)) {
            throw wrong(name, "it leads out of its datastore");
        }
    }
}
