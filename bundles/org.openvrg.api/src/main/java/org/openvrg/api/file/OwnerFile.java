package org.openvrg.api.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HexFormat;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openvrg.api.block.BlockHash;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.Ownership;

/**
 * The file beside a volume that names its owner, {@code .NAME.vrg-owner}. While the volume is open the file is locked,
 * so that no second process can open it; what it says outlives the process. It is replaced by rename, and the new file
 * is locked before it takes the place of the old one, so that there is no moment without a lock or a readable owner.
 *
 * <p>Locks of a process on one file go when any of its channels on that file is closed, therefore the caller makes sure
 * that one process claims a volume only once. Not thread-safe.
 */
public final class OwnerFile implements Claim {
    static final String SUFFIX = ".vrg-owner";
    private static final int MAX_BYTES = 512;
    private static final int MAX_RACES = 100;
    private static final Pattern CONTENT = Pattern.compile(
            "vrg-owner 1\nvrgUuid ([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\ngeneration (\\d{1,18})\n");

    private final Path file;
    private FileChannel channel;
    private boolean fresh;

    private OwnerFile(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** The owner file of a volume that is a file. */
    public static Path beside(Path volume) {
        return volume.resolveSibling("." + volume.getFileName() + SUFFIX);
    }

    /**
     * The owner file of a volume that is no file: in a folder for all of them.
     *
     * @param key what tells the volume from all others, of any length
     */
    public static Path inFolder(Path folder, String key) {
        String digest = HexFormat.of().formatHex(BlockHash.of(StandardCharsets.UTF_8.encode(key)));
        return folder.resolve("." + digest + SUFFIX);
    }

    /** Whether a file name is that of an owner file or of its replacement under way. */
    public static boolean isReserved(String fileName) {
        return fileName.contains(SUFFIX);
    }

    /**
     * Claims a volume.
     *
     * @param file where its owner is kept, for files what {@link #beside} says
     * @param name what messages call the volume
     * @throws StorageException {@code OWNED_BY_OTHER} when another gateway owns it or another process has it open
     */
    public static OwnerFile claim(Path file, String name, Ownership owner) throws StorageException, IOException {
        OwnerFile claim = lock(file, name);
        try {
            Optional<Ownership> present = claim.read(name);
            claim.fresh = present.isEmpty();
            if (present.isPresent() && !owner.mayReplace(present.get())) {
                throw new StorageException(
                        Kind.OWNED_BY_OTHER,
                        "volume " + name + " is owned by gateway "
                                + present.get().vrgUuid() + " in generation "
                                + present.get().generation());
            }
            if (!present.equals(Optional.of(owner))) {
                claim.replace(owner);
            }
            return claim;
        } catch (StorageException | IOException | RuntimeException e) {
            claim.close();
            throw e;
        }
    }

    @Override
    public boolean isNew() {
        return fresh;
    }

    /** Gives the ownership up: the file is gone afterwards, also after a power loss. */
    @Override
    public void release() throws IOException {
        Files.deleteIfExists(file);
        DurableFile.syncFolder(file.getParent());
        close();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /**
     * Locks what the name leads to. Between open and lock another process may have replaced the file, and then the lock
     * is worth nothing; that shows in another file key after the lock than before the open.
     */
    private static OwnerFile lock(Path file, String name) throws StorageException, IOException {
        for (int race = 0; race < MAX_RACES; race++) {
            Optional<Object> before = key(file);
            if (before.isEmpty()) {
                createEmpty(file);
                continue;
            }
            FileChannel channel;
            try {
                channel = FileChannel.open(
                        file, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
            } catch (NoSuchFileException e) {
                continue;
            }
            boolean kept = false;
            try {
                if (channel.tryLock() == null) {
                    throw new StorageException(
                            Kind.OWNED_BY_OTHER, "volume " + name + " is held open by another process");
                }
                kept = before.equals(key(file));
            } finally {
                if (!kept) {
                    channel.close();
                }
            }
            if (kept) {
                return new OwnerFile(file, channel);
            }
        }
        throw new StorageException(Kind.OWNED_BY_OTHER, "volume " + name + " is being claimed by other processes");
    }

    private static void createEmpty(Path file) throws IOException {
        try {
            Files.createFile(file);
        } catch (FileAlreadyExistsException e) {
            // another process was faster: its file is the one to lock
            return;
        }
    }

    private static Optional<Object> key(Path file) throws IOException {
        try {
            return Optional.of(Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .fileKey());
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private Optional<Ownership> read(String name) throws StorageException, IOException {
        ByteBuffer buffer = ByteBuffer.allocate(MAX_BYTES);
        int count;
        do {
            count = channel.read(buffer, buffer.position());
        } while (count > 0 && buffer.hasRemaining());
        if (buffer.position() == 0) {
            return Optional.empty();
        }
        String content = new String(buffer.array(), 0, buffer.position(), StandardCharsets.US_ASCII);
        Matcher matcher = CONTENT.matcher(content);
        if (!matcher.matches()) {
            throw new StorageException(
                    Kind.OWNED_BY_OTHER,
                    "volume " + name + ": the owner file beside it is damaged; remove it once it is certain that no"
                            + " gateway uses the volume");
        }
        return Optional.of(new Ownership(UUID.fromString(matcher.group(1)), Long.parseLong(matcher.group(2))));
    }

    private void replace(Ownership owner) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(next);
        FileChannel made = FileChannel.open(
                next, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        try {
            if (made.tryLock() == null) {
                throw new IOException("a new owner file is locked by another process");
            }
            String content = "vrg-owner 1\nvrgUuid " + owner.vrgUuid() + "\ngeneration " + owner.generation() + "\n";
            ByteBuffer bytes = ByteBuffer.wrap(content.getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                made.write(bytes);
            }
            made.force(true);
            Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            DurableFile.syncFolder(file.getParent());
        } catch (IOException | RuntimeException e) {
            made.close();
            throw e;
        }
        FileChannel old = channel;
        channel = made;
        old.close();
    }
}
