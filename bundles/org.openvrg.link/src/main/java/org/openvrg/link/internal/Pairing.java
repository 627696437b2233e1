package org.openvrg.link.internal;

import java.util.Optional;
import org.openvrg.api.service.PairingService.Peer;

/**
 * What is known for good about the peer.
 *
 * @param peer the address that the operator named, or that was adopted from a peer with the pairing secret
 * @param pin the one certificate that is accepted, once both sides consented
 */
record Pairing(Peer peer, Optional<Pin> pin) {

    /**
     * A certificate.
     *
     * @param fingerprint SHA-256, 64 hex digits
     * @param vrgUuid what its owner calls itself
     */
    record Pin(String fingerprint, String vrgUuid) {}
}
