package org.openvrg.wire;

import org.osgi.annotation.versioning.ConsumerType;

/** Is told what happens on lanes. Calls come on event loops and must not block; those for one lane are ordered. */
@ConsumerType
public interface LaneListener {
    /** A lane stands: TLS is done or its token was accepted. Nothing is known yet of whether the peer is trusted. */
    void opened(Lane lane);

    /** A message came in. */
    void received(Lane lane, Message message);

    /** The lane has room again. */
    void writable(Lane lane);

    /** The lane ended; the last call for it. */
    void closed(Lane lane, String reason);
}
