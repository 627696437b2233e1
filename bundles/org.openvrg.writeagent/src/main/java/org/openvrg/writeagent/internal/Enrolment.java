package org.openvrg.writeagent.internal;

import java.util.Optional;
import java.util.Set;
import org.openvrg.api.service.Identity;
import org.openvrg.wire.Lane;
import org.openvrg.wire.Message.Hello;
import org.openvrg.wire.Message.HelloReply;
import org.openvrg.wire.Message.Verdict;
import org.openvrg.wire.PairingProof;

/**
 * Decides which gateways may use this agent: one with the same certificate as the agent (the gateway of the same
 * appliance), one whose fingerprint is configured, and one that proves to know the pairing secret. Immutable.
 */
final class Enrolment {
    private static final int VERSION = 1;

    private final Identity identity;
    private final Set<String> trusted;
    private final Optional<byte[]> secret;

    /**
     * With what is configured.
     *
     * @param trusted fingerprints, 64 lower-case hex digits each
     */
    Enrolment(Identity identity, Set<String> trusted, Optional<byte[]> secret) {
        this.identity = identity;
        this.trusted = Set.copyOf(trusted);
        this.secret = secret.map(byte[]::clone);
    }

    /** The answer to a greeting. */
    HelloReply judge(Lane lane, Hello hello) {
        Optional<String> fingerprint = lane.encrypted() ? lane.peerFingerprint() : Optional.empty();
        if (fingerprint.isEmpty()) {
            return reply(Verdict.REFUSED, "a writeagent takes TLS connections only", new byte[0]);
        }
        if (hello.version() != VERSION) {
            return reply(Verdict.REFUSED, "this writeagent speaks version " + VERSION, new byte[0]);
        }
        String client = fingerprint.get();
        boolean proven = secret.isPresent()
                && PairingProof.verify(secret.get(), client, identity.fingerprint(), true, hello.pairingProof());
        if (client.equals(identity.fingerprint()) || trusted.contains(client) || proven) {
            byte[] proof = secret.map(key -> PairingProof.of(key, client, identity.fingerprint(), false))
                    .orElse(new byte[0]);
            return reply(Verdict.ACCEPTED, "", proof);
        }
        return reply(Verdict.REFUSED, "this gateway is not enrolled at the writeagent", new byte[0]);
    }

    private HelloReply reply(Verdict verdict, String detail, byte[] proof) {
        return new HelloReply(VERSION, 0, identity.vrgUuid(), verdict, detail, proof);
    }
}
