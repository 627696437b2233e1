package org.openvrg.link;

import org.openvrg.wire.Lane;
import org.openvrg.wire.Message;
import org.osgi.annotation.versioning.ConsumerType;

/** Is told what happens on the link. Calls come on event loops and must not block; those for one lane are ordered. */
@ConsumerType
public interface LinkListener {
    /** A message about a VM came in. */
    void received(Lane lane, Message.OfVm message);

    /** A lane has room again. */
    void writable(Lane lane);

    /** A lane ended; nothing more comes from it. */
    void closed(Lane lane);

    /** Outbound lanes came up: {@link PeerLink#outboundLane} may answer differently now. */
    void lanesChanged();
}
