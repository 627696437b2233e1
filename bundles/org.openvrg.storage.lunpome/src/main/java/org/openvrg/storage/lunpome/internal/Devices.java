package org.openvrg.storage.lunpome.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.ImageFolder;
import org.openvrg.api.file.OwnedVolumes;
import org.openvrg.api.file.OwnerFile;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.qemu.storage.BlockLayer;

/**
 * Block devices and logical volumes below folders that are configured. While one is open it is claimed from the kernel,
 * so that nobody can mount it, or use it for a device of its own, under the replication. Thread-safe.
 */
final class Devices implements AutoCloseable {
    private static final int BLOCK_DEVICE = 0060000;
    private static final int TYPE = 0170000;

    private final Settings settings;
    private final BlockLayer blocks;
    private final OwnedVolumes volumes = new OwnedVolumes();

    Devices(Settings settings, BlockLayer blocks) {
        this.settings = settings;
        this.blocks = blocks;
    }

    StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        String name = ImageFolder.printable(spec.volumeUrl());
        try {
            Path link = admitted(spec.volumeUrl(), name);
            Path device = link.toRealPath();
            if (((int) Files.getAttribute(device, "unix:mode") & TYPE) != BLOCK_DEVICE) {
                throw ImageFolder.wrong(name, "it is no block device");
            }
            Object number = Files.getAttribute(device, "unix:rdev");
            Path folder = settings.ownerDirectory().orElseThrow();
            Files.createDirectories(folder);
            return volumes.open(
                    "device " + number,
                    name,
                    spec.sizeBytes(),
                    // by the name that was given: numbers of devices change
                    () -> OwnerFile.claim(OwnerFile.inFolder(folder, link.toString()), name, owner),
                    () -> ClaimedDevice.open(blocks.claim(device, name), () -> RawFileVolume.open(device, name)));
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + " can't be opened", e);
        }
    }

    private Path admitted(String url, String name) throws StorageException {
        Path path;
        try {
            path = Path.of(url);
        } catch (InvalidPathException e) {
            throw new StorageException(Kind.PATH_WRONG, "volume " + name + ": the URL is not a path", e);
        }
        boolean plain = path.equals(path.normalize()) && !url.chars().anyMatch(Character::isISOControl);
        if (!plain || settings.devices().stream().noneMatch(folder -> folder.equals(path.getParent()))) {
            throw ImageFolder.wrong(name, "it is in none of the folders of devices that are configured");
        }
        if (!Files.exists(path)) {
            throw ImageFolder.wrong(name, "there is no such device");
        }
        return path;
    }

    @Override
    public void close() {
        volumes.close();
    }
}
