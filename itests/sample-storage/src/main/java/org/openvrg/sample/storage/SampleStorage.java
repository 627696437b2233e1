package org.openvrg.sample.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sample storage provider that {@code docs/spi.md} walks through: {@code volType} {@code SAMPLE}, image files in one
 * flat folder that the strategy names as {@code folder} in its {@code drExtParams}. Thread-safe.
 */
@Component(service = StorageProvider.class, property = StorageProvider.VOL_TYPE + "=SAMPLE")
public final class SampleStorage implements StorageProvider {
    private static final Logger LOG = LoggerFactory.getLogger(SampleStorage.class);
    private static final String FOLDER = "folder";
    private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

    private final Set<SampleVolume> volumes = ConcurrentHashMap.newKeySet();
    private final Set<Path> openFiles = ConcurrentHashMap.newKeySet();

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        Path file = file(spec);
        if (!openFiles.add(file)) {
            throw new StorageException(Kind.OWNED_BY_OTHER, "volume " + spec.volume() + " is already open");
        }
        try {
            RawFileVolume raw = RawFileVolume.open(file, spec.volumeUrl());
            boolean newlyOwned;
            try {
                checkSize(raw, spec);
                newlyOwned = claim(file, owner);
            } catch (StorageException | RuntimeException e) {
                raw.close();
                throw e;
            }
            SampleVolume volume = new SampleVolume(raw, ownerFile(file), newlyOwned, this::closed);
            volumes.add(volume);
            return volume;
        } catch (StorageException | RuntimeException e) {
            openFiles.remove(file);
            throw e;
        }
    }

    /** The bundle is stopped: what was opened is flushed and closed, ownership stays. */
    @Deactivate
    void deactivate() {
        for (SampleVolume volume : volumes) {
            try (volume) {
                volume.flush();
            } catch (StorageException e) {
                LOG.warn("A volume could not be flushed and closed: {}", e.getMessage());
            }
        }
    }

    private void closed(SampleVolume volume) {
        volumes.remove(volume);
        openFiles.removeIf(file -> ownerFile(file).equals(volume.ownerFile()));
    }

    private static Path file(VolumeSpec spec) throws StorageException {
        String folder = spec.extParams().getOrDefault(FOLDER, "");
        if (folder.isEmpty()) {
            throw new StorageException(Kind.PATH_WRONG, "drExtParams must name the folder of the volume: " + FOLDER);
        }
        // a plain name can't lead out of the folder, and a link in its place is not followed
        if (!FILE_NAME.matcher(spec.volumeUrl()).matches()) {
            throw new StorageException(Kind.PATH_WRONG, "volumeUrl must be a plain file name");
        }
        Path file = Path.of(folder).resolve(spec.volumeUrl());
        if (Files.isSymbolicLink(file)) {
            throw new StorageException(Kind.PATH_WRONG, "volume " + spec.volumeUrl() + " is a symbolic link");
        }
        return file;
    }

    private static void checkSize(RawFileVolume raw, VolumeSpec spec) throws StorageException {
        if (raw.sizeBytes() < spec.sizeBytes().orElse(0)) {
            throw new StorageException(
                    Kind.PATH_WRONG,
                    "volume " + spec.volumeUrl() + " has " + raw.sizeBytes() + " bytes, production has "
                            + spec.sizeBytes().getAsLong());
        }
    }

    /** Returns whether nobody owned it. */
    private static boolean claim(Path file, Ownership owner) throws StorageException {
        try {
            Optional<Ownership> present = read(ownerFile(file));
            if (present.isPresent() && !owner.mayReplace(present.get())) {
                throw new StorageException(
                        Kind.OWNED_BY_OTHER,
                        "the volume is owned by gateway " + present.get().vrgUuid());
            }
            Path next = file.resolveSibling("." + file.getFileName() + ".owner.new");
            Files.writeString(next, owner.vrgUuid() + " " + owner.generation());
            Files.move(next, ownerFile(file), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return present.isEmpty();
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "the owner of the volume can't be kept", e);
        }
    }

    private static Optional<Ownership> read(Path ownerFile) throws IOException {
        try {
            String[] parts = Files.readString(ownerFile).split(" ", -1);
            return Optional.of(new Ownership(UUID.fromString(parts[0]), Long.parseLong(parts[1])));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException e) {
            throw new IOException("the owner file is damaged", e);
        }
    }

    private static Path ownerFile(Path file) {
        return file.resolveSibling("." + file.getFileName() + ".owner");
    }
}
