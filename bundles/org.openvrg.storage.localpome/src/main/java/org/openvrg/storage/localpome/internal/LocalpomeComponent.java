package org.openvrg.storage.localpome.internal;

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

/** The provider as a service: there once the bundle is, whatever datastores are configured. */
@Component(service = StorageProvider.class, property = StorageProvider.VOL_TYPE + "=LOCALPOME")
public final class LocalpomeComponent implements StorageProvider {
    private final NamedStores datastores = new NamedStores();

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addDatastore(StoreComponent component) {
        datastores.add(component.datastore());
    }

    void removeDatastore(StoreComponent component) {
        datastores.remove(component.datastore());
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        return datastores.open(spec, owner);
    }
}
