package org.openvrg.storage.nas.internal;

import java.util.Optional;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.file.BoundedCalls;
import org.openvrg.api.file.ImageFolder;
import org.openvrg.api.file.NamedStores;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.qemu.storage.BlockLayer;
import org.openvrg.qemu.storage.ImageStore;

/**
 * A share: images below its mount point, by paths, and images in its exports, by {@code nfs://} URLs. Whatever touches
 * the mount point is done on threads of its own, which a share that does not answer may hold. Thread-safe.
 */
final class Share implements NamedStores.Store {
    private final Settings settings;
    private final BoundedCalls calls;
    private final Optional<Mount> mount;
    private final Optional<ImageStore> images;
    private final NfsImages remote;

    Share(Settings settings, BlockLayer blocks) {
        this.settings = settings;
        this.calls = new BoundedCalls("vrg-nas-" + settings.dsUrn(), settings.callLimit(), settings.maxThreads());
        this.mount = settings.mountPoint().map(point -> new Mount(point, settings.mountSource()));
        this.images = settings.folder().map(folder -> new ImageStore(folder, settings.createMissing(), false, blocks));
        this.remote = new NfsImages(settings, blocks);
    }

    @Override
    public String dsUrn() {
        return settings.dsUrn();
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        if (spec.volumeUrl().startsWith(NfsImages.SCHEME)) {
            return remote.open(spec, owner);
        }
        String name = ImageFolder.printable(spec.volumeUrl());
        if (mount.isEmpty()) {
            throw ImageFolder.wrong(name, "the share has no mount-point, its URL must begin with nfs://");
        }
        return calls.open(name, () -> openMounted(spec, owner));
    }

    private StorageVolume openMounted(VolumeSpec spec, Ownership owner) throws StorageException {
        String mountId = mount.orElseThrow().id();
        StorageVolume opened = images.orElseThrow().open(spec, owner);
        MountedVolume volume = new MountedVolume(opened, mount.orElseThrow(), mountId);
        boolean done = false;
        try {
            // it might have gone between the check and the opening
            volume.checkMount();
            done = true;
            return volume;
        } finally {
            if (!done) {
                opened.close();
            }
        }
    }

    /** Closes what is open as far as the share answers. */
    @Override
    public void close() {
        remote.close();
        if (images.isPresent()) {
            calls.closeWith(images.get()::close);
        }
        calls.close();
    }
}
