package org.openvrg.api.service;

import java.util.Map;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Durable configuration: texts by area and key. Thread-safe. A change is on stable storage when the call returns, and
 * a kill at any instant leaves either the old or the new value. Every call throws
 * {@link org.openvrg.api.failure.StoreException} when the database can't be read or written.
 */
@ProviderType
public interface ConfigStore {
    /** The value, empty when there is none. */
    Optional<String> get(String area, String key);

    /** All entries of an area, by key, sorted. */
    Map<String, String> all(String area);

    /** Sets one value. */
    void put(String area, String key, String value);

    /** Removes one value; absent is fine. */
    void remove(String area, String key);
}
