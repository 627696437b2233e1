package org.openvrg.link;

import java.util.Optional;
import java.util.UUID;
import org.openvrg.wire.Lane;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The link to the peer, an OSGi service; thread-safe. Each side connects to the other: production VMs use the lanes
 * that this side opened, DR VMs those that the peer opened.
 */
@ProviderType
public interface PeerLink {
    /**
     * The lane for a production VM, always the same one while the lanes stand, so that its messages keep their order.
     * Empty while there is none: a clear lane is opened on first use, and {@link LinkListener#lanesChanged} tells when
     * it stands.
     */
    Optional<Lane> outboundLane(UUID vmUuid, boolean encrypted);

    /** Tells the listener of all that happens from now on. */
    AutoCloseable listen(LinkListener listener);
}
