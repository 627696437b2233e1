package org.openvrg.storage.localpome.internal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that holds image files. No volume URL leads out of it: neither by {@code ..}, nor as an absolute path, nor
 * through symbolic links. Thread-safe.
 */
final class Datastore implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Datastore.class);
    private static final int MAX_URL_LENGTH = 1024;

    /** Files open in this process through any datastore: locks between processes do not show within one. */
    private static final Set<Path> OPEN_FILES = ConcurrentHashMap.newKeySet();

    private final Settings settings;
    private final Set<OwnedVolume> volumes = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** A datastore; its folder need not exist yet. */
    Datastore(Settings settings) {
        this.settings = settings;
    }

    /** Name, empty text for the default datastore. */
    String dsUrn() {
        return settings.dsUrn();
    }

    /** See {@link org.openvrg.api.storage.StorageProvider#open}. */
    StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        String name = printable(spec.volumeUrl());
        try {
            Path file = resolve(spec, name);
            if (!OPEN_FILES.add(file)) {
                throw new StorageException(Kind.OWNED_BY_OTHER, "volume " + name + " is already open here");
            }
            try {
                return claim(file, name, spec.sizeBytes(), owner);
            } catch (StorageException | IOException | RuntimeException e) {
                OPEN_FILES.remove(file);
                throw e;
            }
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + " can't be opened on its datastore", e);
        }
    }

    /** Flushes and closes every volume of it; their ownership stays. */
    @Override
    public void close() {
        closed = true;
        for (OwnedVolume volume : volumes) {
            closeFlushed(volume);
        }
    }

    private static void closeFlushed(OwnedVolume volume) {
        try (volume) {
            volume.flush();
        } catch (StorageException e) {
            if (e.kind() != Kind.CLOSED) {
                LOG.warn("A volume could not be flushed and closed with its datastore: {}", e.getMessage());
            }
        }
    }

    private StorageVolume claim(Path file, String name, OptionalLong wanted, Ownership owner)
            throws StorageException, IOException {
        RawFileVolume raw = RawFileVolume.open(file, name);
        try {
            if (wanted.isPresent() && raw.sizeBytes() < wanted.getAsLong()) {
                throw new StorageException(
                        Kind.PATH_WRONG,
                        "volume " + name + " has " + raw.sizeBytes() + " bytes, production has " + wanted.getAsLong());
            }
            OwnerFile ownerFile = OwnerFile.claim(file, name, owner);
            OwnedVolume volume = new OwnedVolume(raw, ownerFile, name, ended -> {
                volumes.remove(ended);
                OPEN_FILES.remove(file);
            });
            volumes.add(volume);
            if (closed) {
                volume.close();
                throw new StorageException(Kind.PATH_WRONG, "the datastore of volume " + name + " was removed");
            }
            return volume;
        } catch (StorageException | IOException | RuntimeException e) {
            raw.close();
            throw e;
        }
    }

    /** The real path of the volume's file, which exists on return. */
    private Path resolve(VolumeSpec spec, String name) throws StorageException, IOException {
        Path relative = relative(spec.volumeUrl(), name);
        if (!Files.isDirectory(settings.root())) {
            throw wrong(name, "the root folder of its datastore does not exist");
        }
        Path root = settings.root().toRealPath();
        Path wanted = root.resolve(relative);
        checkInside(root, nearestExisting(wanted).toRealPath(), name);
        if (!Files.exists(wanted, LinkOption.NOFOLLOW_LINKS)) {
            create(wanted, spec.sizeBytes(), name);
        }
        if (!Files.exists(wanted)) {
            throw wrong(name, "it is a symbolic link that leads nowhere");
        }
        Path file = wanted.toRealPath();
        checkInside(root, file, name);
        if (!Files.isRegularFile(file) || OwnerFile.isReserved(String.valueOf(file.getFileName()))) {
            throw wrong(name, "it is not a regular file");
        }
        return file;
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

    private void create(Path file, OptionalLong sizeBytes, String name) throws StorageException, IOException {
        if (!settings.createMissing()) {
            throw wrong(name, "there is no such file in its datastore");
        }
        if (sizeBytes.isEmpty() || sizeBytes.getAsLong() < 1) {
            throw wrong(name, "there is no such file, and its size is not yet known to create it");
        }
        Path folder = parent(file);
        Files.createDirectories(folder);
        // sized before it gets its name: a crash in between leaves no file that is too small
        Path next = folder.resolve("." + file.getFileName() + ".vrg-owner.creating");
        try {
            try (RandomAccessFile made = new RandomAccessFile(next.toFile(), "rw")) {
                made.setLength(sizeBytes.getAsLong());
                made.getFD().sync();
            }
            Files.move(next, file);
        } catch (FileAlreadyExistsException e) {
            throw new StorageException(Kind.PATH_WRONG, "volume " + name + " is being created by someone else", e);
        } finally {
            Files.deleteIfExists(next);
        }
        try (FileChannel synced = FileChannel.open(folder, StandardOpenOption.READ)) {
            synced.force(true);
        }
        LOG.info("Created volume {} with {} bytes", name, sizeBytes.getAsLong());
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

    private static StorageException wrong(String name, String why) {
        return new StorageException(Kind.PATH_WRONG, "volume " + name + ": " + why);
    }

    /** The URL as messages may show it: one line, not endless. */
    private static String printable(String url) {
        String line = url.replaceAll("\\p{Cntrl}", "?");
        return line.length() <= 120 ? "'" + line + "'" : "'" + line.substring(0, 120) + "...'";
    }
}
