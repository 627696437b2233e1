package org.openvrg.link.internal;

import java.util.Optional;
import java.util.UUID;
import org.openvrg.wire.Message;

/** The real rules of trust, for a gateway that is paired. Stateless. */
public final class SimulatedTrust {
    private SimulatedTrust() {}

    private static TrustRules.Known known(UUID own, String ownFingerprint, String peerFingerprint) {
        return new TrustRules.Known(
                own, ownFingerprint, true, Optional.of(peerFingerprint), Optional.empty(), Optional.empty());
    }

    /** Whether the side that was connected to accepts. */
    public static boolean accepts(UUID own, String ownFingerprint, String peerFingerprint, Message.Hello hello) {
        return TrustRules.answer(known(own, ownFingerprint, peerFingerprint), hello, peerFingerprint, false)
                == TrustRules.Answer.ACCEPT;
    }

    /** Whether the side that connected takes the lane as standing. */
    public static boolean stands(UUID own, String ownFingerprint, String peerFingerprint, Message.HelloReply reply) {
        return TrustRules.outcome(known(own, ownFingerprint, peerFingerprint), reply, peerFingerprint, false)
                == TrustRules.Outcome.ACCEPT;
    }
}
