package org.openvrg.storage.localpome.internal;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;

/**
 * The storage provider for image files on local datastores. A volume goes to the datastore of its {@code dsUrn}; the
 * default datastore takes those without one and those whose datastore has no configuration of its own. Thread-safe.
 */
final class Datastores implements StorageProvider {
    private final List<Datastore> datastores = new CopyOnWriteArrayList<>();

    /** Adds a datastore; of two with one name the older is used. */
    void add(Datastore datastore) {
        datastores.add(datastore);
    }

    /** Removes a datastore; its volumes are its own to close. */
    void remove(Datastore datastore) {
        datastores.remove(datastore);
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        return find(spec.dsUrn().orElse("")).open(spec, owner);
    }

    private Datastore find(String dsUrn) throws StorageException {
        return datastores.stream()
                .filter(one -> one.dsUrn().equals(dsUrn))
                .findFirst()
                .or(() ->
                        datastores.stream().filter(one -> one.dsUrn().isEmpty()).findFirst())
                .orElseThrow(() -> new StorageException(
                        Kind.PATH_WRONG, "no datastore is configured for '" + dsUrn + "', and no default datastore"));
    }
}
