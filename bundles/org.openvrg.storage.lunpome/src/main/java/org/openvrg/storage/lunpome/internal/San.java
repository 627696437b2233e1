package org.openvrg.storage.lunpome.internal;

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
 * Volumes on LUNs: a URL that begins with {@code iscsi://} is a unit of a target, an absolute path a block device, any
 * other an image file on a cluster file system. Devices and files are used on threads of their own, which a LUN that does
 * not answer may hold. Thread-safe.
 */
final class San implements NamedStores.Store {
    private final Settings settings;
    private final BoundedCalls calls;
    private final IscsiUnits units;
    private final Devices devices;
    private final Optional<ImageStore> images;

    San(Settings settings, BlockLayer blocks) {
        this.settings = settings;
        this.calls = new BoundedCalls("vrg-lun-" + settings.dsUrn(), settings.callLimit(), settings.maxThreads());
        this.units = new IscsiUnits(settings, blocks);
        this.devices = new Devices(settings, blocks);
        this.images = settings.root().map(root -> new ImageStore(root, settings.createMissing(), false, blocks));
    }

    @Override
    public String dsUrn() {
        return settings.dsUrn();
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        String name = ImageFolder.printable(spec.volumeUrl());
        if (spec.volumeUrl().startsWith(IscsiUnits.SCHEME)) {
            return units.open(spec, owner);
        }
        if (spec.volumeUrl().startsWith("/")) {
            return calls.open(name, () -> devices.open(spec, owner));
        }
        if (images.isEmpty()) {
            throw ImageFolder.wrong(name, "the datastore has no root for image files");
        }
        return calls.open(name, () -> images.get().open(spec, owner));
    }

    /** Closes what is open as far as the storage answers. */
    @Override
    public void close() {
        units.close();
        calls.closeWith(() -> {
            devices.close();
            images.ifPresent(ImageStore::close);
        });
        calls.close();
    }
}
