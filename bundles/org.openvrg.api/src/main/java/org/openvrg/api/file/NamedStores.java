package org.openvrg.api.file;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;

/**
 * A storage provider over datastores that are configured one by one. A volume goes to the datastore of its {@code dsUrn};
 * the default datastore takes those without one and those whose datastore has no configuration of its own. Thread-safe.
 *
 * <p>Where provider and datastores are components of one bundle, the provider's has to be named first in the manifest's
 * {@code Service-Component}: components end in that order when the bundle is stopped, and the writeagent closes volumes
 * of a provider that goes, but takes those whose datastore went first for broken.
 */
public final class NamedStores implements StorageProvider {
    private final List<Store> stores = new CopyOnWriteArrayList<>();

    /** A datastore. */
    public interface Store extends AutoCloseable {
        /** Name, empty text for the default datastore. */
        String dsUrn();

        /** See {@link StorageProvider#open}. */
        StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException;

        /** Flushes and closes every volume of it; their ownership stays. */
        @Override
        void close();
    }

    /** Adds a datastore; of two with one name the older is used. */
    public void add(Store store) {
        stores.add(store);
    }

    /** Removes a datastore; its volumes are its own to close. */
    public void remove(Store store) {
        stores.remove(store);
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        return find(spec.dsUrn().orElse("")).open(spec, owner);
    }

    private Store find(String dsUrn) throws StorageException {
        return stores.stream()
                .filter(one -> one.dsUrn().equals(dsUrn))
                .findFirst()
                .or(() -> stores.stream().filter(one -> one.dsUrn().isEmpty()).findFirst())
                .orElseThrow(() -> new StorageException(
                        Kind.PATH_WRONG, "no datastore is configured for '" + dsUrn + "', and no default datastore"));
    }
}
