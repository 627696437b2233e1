package org.openvrg.storage.lunpome.internal;

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
@Component(service = StorageProvider.class, property = StorageProvider.VOL_TYPE + "=LUNPOME")
public final class LunpomeComponent implements StorageProvider {
    private final NamedStores stores = new NamedStores();

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addStore(SanComponent component) {
        stores.add(component.store());
    }

    void removeStore(SanComponent component) {
        stores.remove(component.store());
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        return stores.open(spec, owner);
    }
}
