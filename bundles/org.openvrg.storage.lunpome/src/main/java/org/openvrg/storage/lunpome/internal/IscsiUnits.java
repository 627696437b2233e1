package org.openvrg.storage.lunpome.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.ImageFolder;
import org.openvrg.api.file.OwnedVolumes;
import org.openvrg.api.file.OwnerFile;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.qemu.storage.BlockLayer;
import org.openvrg.qemu.storage.BlockSource;

/**
 * Units of iSCSI targets, {@code iscsi://portal/iqn/lun}, through the initiator of QEMU's block layer: the host has no
 * session of its own, and a target that is gone holds no thread of this process. Thread-safe.
 */
final class IscsiUnits implements AutoCloseable {
    static final String SCHEME = "iscsi://";

    private static final Pattern URL =
            Pattern.compile("iscsi://([^/]{1,280})/((?:iqn|eui|naa)\\.[A-Za-z0-9.:-]{1,220})/([0-9]{1,5})");
    private static final String SECRET_FILE = "chap-secret";

    private final Settings settings;
    private final BlockLayer blocks;
    private final OwnedVolumes volumes = new OwnedVolumes();

    IscsiUnits(Settings settings, BlockLayer blocks) {
        this.settings = settings;
        this.blocks = blocks;
    }

    StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        String name = ImageFolder.printable(spec.volumeUrl());
        Matcher url = URL.matcher(spec.volumeUrl());
        if (!url.matches()) {
            throw ImageFolder.wrong(name, "the URL must be iscsi://host:port/iqn/lun");
        }
        if (!settings.portals().contains(url.group(1))) {
            throw ImageFolder.wrong(name, "its portal is none of those that are configured");
        }
        // one target may have several portals
        String unit = url.group(2) + "/" + Integer.parseInt(url.group(3));
        Path folder = settings.ownerDirectory().orElseThrow();
        return volumes.open(
                SCHEME + unit,
                name,
                spec.sizeBytes(),
                () -> {
                    Files.createDirectories(folder);
                    return OwnerFile.claim(OwnerFile.inFolder(folder, unit), name, owner);
                },
                () -> blocks.open(source(url, name), name));
    }

    private BlockSource source(Matcher url, String name) throws StorageException {
        Map<String, Object> node = new TreeMap<>(Map.of(
                "driver", "iscsi",
                "node-name", "unit",
                "transport", "tcp",
                "portal", url.group(1),
                "target", url.group(2),
                "lun", Integer.parseInt(url.group(3)),
                "initiator-name", settings.initiatorName()));
        Map<String, Object> image = Map.of("driver", "raw", "node-name", "image", "file", "unit", "discard", "unmap");
        if (settings.chap().isEmpty()) {
            return BlockSource.of(List.of(node, image));
        }
        node.put("user", settings.chap().get().user());
        node.put("password-secret", "chap");
        Map<String, Object> secret = Map.of("qom-type", "secret", "id", "chap", "file", SECRET_FILE);
        return new BlockSource(List.of(secret), List.of(node, image), Map.of(SECRET_FILE, secret(name)));
    }

    private String secret(String name) throws StorageException {
        try {
            return Files.readString(settings.chap().orElseThrow().secretFile()).strip();
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + ": chap-secret-file can't be read", e);
        }
    }

    @Override
    public void close() {
        volumes.close();
    }
}
