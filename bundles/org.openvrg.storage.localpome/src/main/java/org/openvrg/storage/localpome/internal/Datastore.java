package org.openvrg.storage.localpome.internal;

import org.openvrg.api.failure.StorageException;
import org.openvrg.api.file.NamedStores;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.qemu.storage.BlockLayer;
import org.openvrg.qemu.storage.ImageStore;

/** A folder that holds image files, by its name. Thread-safe. */
final class Datastore implements NamedStores.Store {
    private final Settings settings;
    private final ImageStore images;

    /** A datastore; its folder need not exist yet. */
    Datastore(Settings settings, BlockLayer blocks) {
        this.settings = settings;
        this.images = new ImageStore(settings.root(), settings.createMissing(), settings.punchHoles(), blocks);
    }

    @Override
    public String dsUrn() {
        return settings.dsUrn();
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        return images.open(spec, owner);
    }

    @Override
    public void close() {
        images.close();
    }
}
