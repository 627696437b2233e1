package org.openvrg.api.storage;

import org.openvrg.api.failure.StorageException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A kind of storage for standby volumes, an OSGi service with the property {@link #VOL_TYPE}.
 *
 * <p>Order of calls: {@link #open} once per volume, then the calls of {@link StorageVolume}, then {@code release} or
 * {@code close}. Calls for different volumes come at once from several threads, calls for one volume's
 * {@code open}/{@code release} one after the other. A provider that is undeployed closes what it opened.
 */
@ConsumerType
public interface StorageProvider {
    /** Service property with the {@code volType} of the REST contract, for example {@code LOCALPOME}. */
    String VOL_TYPE = "volType";

    /**
     * Opens a volume for reading and writing and claims it.
     *
     * @throws StorageException {@code PATH_WRONG} when there is no such volume, it is smaller than the spec's size or
     *     the URL leaves its datastore, {@code OWNED_BY_OTHER} when {@link Ownership#mayReplace} refuses, {@code IO}
     */
    StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException;
}
