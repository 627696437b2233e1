package org.openvrg.api.service;

import java.util.Optional;
import org.openvrg.api.failure.RequestException;
import org.osgi.annotation.versioning.ProviderType;

/** The pairing of this gateway with the one at the other site; thread-safe, calls return at once. */
@ProviderType
public interface PairingService {
    /** Status of the pairing; the numbers are those of the REST contract. */
    enum Status {
        /** Link up. */
        NORMAL(1),
        /** Waiting for the peer, or for its consent. */
        PAIRING(2),
        /** The peer refuses, or is not who it was. */
        FAILED(3),
        /** No peer is named. */
        NOT_PAIRED(4),
        /** Paired, but the link is down. */
        LINK_DOWN(5);

        private final int number;

        Status(int number) {
            this.number = number;
        }

        /** Number in the contract. */
        public int number() {
            return number;
        }
    }

    /**
     * The named peer.
     *
     * @param ip IP literal
     * @param port 1..65535
     */
    record Peer(String ip, int port) {}

    /**
     * Names the peer and starts pairing in the background. Naming the present peer again changes nothing.
     *
     * @throws RequestException {@code CONFLICT} while a different peer still carries VMs
     */
    void pair(Peer peer) throws RequestException;

    /** Ends the link and removes the pairing here and, where it can be reached, at the peer. */
    void unpair();

    /** The named peer. */
    Optional<Peer> peer();

    /** Status right now. */
    Status status();
}
