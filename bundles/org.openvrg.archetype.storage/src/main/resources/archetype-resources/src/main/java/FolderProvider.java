package ${package};

import org.openvrg.api.failure.StorageException;
import org.openvrg.api.file.NamedStores;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** The provider as a service: there once the bundle is, whatever is configured. */
@Component(service = StorageProvider.class, property = StorageProvider.VOL_TYPE + "=${volType}")
public final class FolderProvider implements StorageProvider {
    private final NamedStores stores = new NamedStores();

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addStore(FolderStore store) {
        stores.add(store);
    }

    void removeStore(FolderStore store) {
        stores.remove(store);
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        return stores.open(spec, owner);
    }
}
