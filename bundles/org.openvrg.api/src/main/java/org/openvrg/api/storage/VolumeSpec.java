package org.openvrg.api.storage;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.openvrg.api.model.VolumeId;

/**
 * What a provider is told about a volume.
 *
 * @param volume identity
 * @param volumeUrl where it is, in the provider's own words
 * @param dsUrn datastore, where given
 * @param extParams further parameters ({@code drExtParams})
 * @param sizeBytes size of the production volume, where it is known: the volume must be at least that large, and a
 *     provider that is configured to create missing volumes creates it in that size
 */
public record VolumeSpec(
        VolumeId volume,
        String volumeUrl,
        Optional<String> dsUrn,
        Map<String, String> extParams,
        OptionalLong sizeBytes) {
    /** Copies the map. */
    public VolumeSpec {
        extParams = Map.copyOf(extParams);
    }
}
