package org.openvrg.api.model;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A standby disk of a VM that is protected elsewhere.
 *
 * @param volume identity: that of the production volume
 * @param volumeUrl where the standby volume is, in the words of its storage provider
 * @param dsUrn datastore, where given
 * @param volType kind of storage; the service property of the provider that opens it
 * @param slot place in the VM, 1..40, where given
 * @param extParams further parameters of the provider
 */
public record StandbyDisk(
        VolumeId volume,
        String volumeUrl,
        Optional<String> dsUrn,
        String volType,
        OptionalInt slot,
        Map<String, String> extParams) {
    /** Copies the map. */
    public StandbyDisk {
        extParams = Map.copyOf(extParams);
    }
}
