package org.openvrg.storage.nas.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.file.Claim;
import org.openvrg.api.file.ImageFolder;
import org.openvrg.api.file.OwnedVolumes;
import org.openvrg.api.file.OwnerFile;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.qemu.storage.BlockLayer;
import org.openvrg.qemu.storage.BlockSource;

/**
 * Raw images in NFS exports, through the NFS client of QEMU's block layer: nothing is mounted, and a server that is gone
 * holds no thread of this process. Images have to exist. Raw only, as the header of another format could lead anywhere. Thread-safe.
 */
final class NfsImages implements AutoCloseable {
    static final String SCHEME = "nfs://";

    private final Settings settings;
    private final BlockLayer blocks;
    private final OwnedVolumes volumes = new OwnedVolumes();

    NfsImages(Settings settings, BlockLayer blocks) {
        this.settings = settings;
        this.blocks = blocks;
    }

    /** An image: its server and its path there. */
    private record Place(String server, String path) {}

    StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        String name = ImageFolder.printable(spec.volumeUrl());
        Place place = place(spec.volumeUrl(), name);
        Path folder = settings.ownerDirectory().orElseThrow();
        return volumes.open(
                place,
                name,
                spec.sizeBytes(),
                () -> claim(OwnerFile.inFolder(folder, place.server() + ":" + place.path()), name, owner),
                () -> blocks.open(source(place), name));
    }

    private static Claim claim(Path file, String name, Ownership owner) throws IOException, StorageException {
        Files.createDirectories(file.resolveSibling(""));
        return OwnerFile.claim(file, name, owner);
    }

    private Place place(String url, String name) throws StorageException {
        String rest = url.substring(SCHEME.length());
        int slash = rest.indexOf('/');
        if (slash < 1 || rest.length() > 1024 || !rest.substring(slash).matches("(/[A-Za-z0-9._-]+){1,64}")) {
            throw ImageFolder.wrong(name, "the URL must be nfs://server/export/file, with plain names");
        }
        for (String part : rest.substring(slash + 1).split("/", -1)) {
            if (part.equals(".") || part.equals("..")) {
                throw ImageFolder.wrong(name, "the URL must be a plain path in an export that is configured");
            }
        }
        String place = rest.substring(0, slash) + ":" + rest.substring(slash);
        if (settings.exports().stream().noneMatch(export -> place.startsWith(export + "/"))) {
            throw ImageFolder.wrong(name, "it is in none of the exports that are configured");
        }
        return new Place(rest.substring(0, slash), rest.substring(slash));
    }

    private static BlockSource source(Place place) {
        return BlockSource.of(List.of(
                Map.of(
                        "driver",
                        "nfs",
                        "node-name",
                        "file",
                        "server",
                        Map.of("type", "inet", "host", place.server()),
                        "path",
                        place.path()),
                Map.of("driver", "raw", "node-name", "image", "file", "file")));
    }

    @Override
    public void close() {
        volumes.close();
    }
}
