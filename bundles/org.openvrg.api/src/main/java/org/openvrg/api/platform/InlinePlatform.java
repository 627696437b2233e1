package org.openvrg.api.platform;

import java.util.List;
import org.openvrg.api.model.VolumeId;
import org.osgi.annotation.versioning.ConsumerType;

/** A platform on which the gateway's NBD export is the VM's disk, backed by storage of the gateway. */
@ConsumerType
public interface InlinePlatform extends HypervisorPlatform {
    /** The volumes that it can back, whether protected or not. */
    List<VolumeId> volumes();

    /**
     * Tells when {@link #volumes} changed.
     *
     * @param listener called on any thread, must not block
     * @return ends the subscription
     */
    AutoCloseable onChange(Runnable listener);
}
