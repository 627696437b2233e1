package org.openvrg.qemu.storage;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.Claim;
import org.openvrg.api.file.ImageFolder;
import org.openvrg.api.file.OwnedVolumes;
import org.openvrg.api.file.OwnerFile;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Image files of any format in a folder, each with its owner file beside it. Raw images are read and written by this
 * process, others through QEMU's block layer. Thread-safe.
 *
 * <p>The format is that of {@code format} in a volume's {@code drExtParams}, else what the end of the file name tells,
 * else raw; a file of another format than raw must have the header of it.
 */
public final class ImageStore implements AutoCloseable {
    /** Key of {@code drExtParams}. */
    public static final String FORMAT = "format";

    private static final Logger LOG = LoggerFactory.getLogger(ImageStore.class);

    private final ImageFolder folder;
    private final boolean createMissing;
    private final boolean punchHoles;
    private final BlockLayer blocks;
    private final OwnedVolumes volumes = new OwnedVolumes();

    /**
     * A store.
     *
     * @param root absolute path of its folder, which need not exist yet
     * @param createMissing whether an image that does not exist is made, and a raw one made larger with production's disk
     * @param punchHoles whether raw images go through the block layer too, which gives trimmed space back
     */
    public ImageStore(Path root, boolean createMissing, boolean punchHoles, BlockLayer blocks) {
        this.folder = new ImageFolder(root);
        this.createMissing = createMissing;
        this.punchHoles = punchHoles;
        this.blocks = blocks;
    }

    /** See {@link org.openvrg.api.storage.StorageProvider#open}. */
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        String name = ImageFolder.printable(spec.volumeUrl());
        ImageFormat format = format(spec, name);
        Path file;
        try {
            file = folder.resolve(spec.volumeUrl(), name, new Maker(format, spec.sizeBytes(), name, owner));
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + " can't be opened on its datastore", e);
        }
        AtomicBoolean ours = new AtomicBoolean();
        return volumes.open(
                file,
                name,
                spec.sizeBytes(),
                () -> {
                    Claim claim = OwnerFile.claim(OwnerFile.beside(file), name, owner);
                    ours.set(!claim.isNew());
                    return claim;
                },
                () -> {
                    if (createMissing && ours.get() && format == ImageFormat.RAW) {
                        follow(file, name, spec.sizeBytes().orElse(0));
                    }
                    return image(file, format, name);
                });
    }

    /** Production's disk was made larger: an image that this gateway has owned all along follows. */
    private static void follow(Path file, String name, long sizeBytes) throws IOException {
        long before = Files.size(file);
        if (before < sizeBytes) {
            try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
                image.setLength(sizeBytes);
            }
            LOG.info("Volume {} had {} bytes, and has {} now", name, before, sizeBytes);
        }
    }

    /** Flushes and closes all volumes; their ownership stays. */
    @Override
    public void close() {
        volumes.close();
    }

    private static ImageFormat format(VolumeSpec spec, String name) throws StorageException {
        Optional<String> told = Optional.ofNullable(spec.extParams().get(FORMAT));
        if (told.isEmpty()) {
            return ImageFormat.ofFile(spec.volumeUrl());
        }
        return ImageFormat.of(told.get())
                .orElseThrow(
                        () -> ImageFolder.wrong(name, "the format in drExtParams must be one of " + ImageFormat.all()));
    }

    private BlockVolume image(Path file, ImageFormat format, String name) throws IOException, StorageException {
        if (format == ImageFormat.RAW && !punchHoles) {
            return RawFileVolume.open(file, name);
        }
        ImageHeader.check(file, format, name);
        return blocks.open(source(file, format), name);
    }

    private static BlockSource source(Path file, ImageFormat format) {
        Map<String, Object> below =
                Map.of("driver", "file", "node-name", "file", "filename", file.toString(), "discard", "unmap");
        Map<String, Object> image = new TreeMap<>(
                Map.of("driver", format.driver(), "node-name", "image", "file", "file", "discard", "unmap"));
        if (format == ImageFormat.QCOW2 || format == ImageFormat.VMDK) {
            // a header that was changed since it was looked at is not followed either
            image.put("backing", Optional.empty());
        }
        return BlockSource.of(List.of(below, image));
    }

    /** Makes images in production's size. */
    private final class Maker implements ImageFolder.Maker {
        private final ImageFormat format;
        private final OptionalLong sizeBytes;
        private final String name;
        private final Ownership owner;

        Maker(ImageFormat format, OptionalLong sizeBytes, String name, Ownership owner) {
            this.format = format;
            this.sizeBytes = sizeBytes;
            this.name = name;
            this.owner = owner;
        }

        @Override
        public void check(Path file) throws IOException, StorageException {
            if (!createMissing) {
                throw ImageFolder.wrong(name, "there is no such file in its datastore");
            }
            if (sizeBytes.orElse(0) < 1) {
                throw ImageFolder.wrong(name, "there is no such file, and its size is not yet known to create it");
            }
            Path ownerFile = OwnerFile.beside(file);
            if (Files.exists(ownerFile)) {
                // of an image that was lost: the one that takes its place has not what the owner wrote
                OwnerFile.claim(ownerFile, name, owner).release();
                LOG.warn("The image of volume {} is gone; it is made anew", name);
            }
        }

        @Override
        public void make(Path file) throws IOException, StorageException {
            if (format == ImageFormat.RAW) {
                try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
                    made.setLength(sizeBytes.orElseThrow());
                }
            } else {
                blocks.create(file, format, sizeBytes.orElseThrow());
            }
            LOG.info("Created volume {} with {} bytes", name, sizeBytes.orElseThrow());
        }
    }
}
