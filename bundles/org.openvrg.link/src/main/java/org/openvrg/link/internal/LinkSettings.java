package org.openvrg.link.internal;

import io.netty.util.NetUtil;
import java.util.Arrays;
import java.util.Optional;
import org.openvrg.wire.LaneSettings;
import org.openvrg.wire.PairingProof;

/**
 * Checked configuration of the link.
 *
 * @param address where to take connections, an IP literal
 * @param port 0..65535, 0 for a free one
 * @param advertisedAddress IP literal under which the peer reaches this gateway; empty text for the address that the
 *     peer sees
 * @param secret pairing secret, at least {@value #LEAST_SECRET_BYTES} bytes
 * @param lanes TLS lanes, and as many clear lanes, to open, 1..16
 * @param clearLanes whether clear lanes may be opened and are admitted
 * @param laneSettings limits and times of the lanes
 */
record LinkSettings(
        String address,
        int port,
        String advertisedAddress,
        Optional<Secret> secret,
        int lanes,
        boolean clearLanes,
        LaneSettings laneSettings) {
    static final int LEAST_SECRET_BYTES = 16;

    private static final int MAX_LANES = 16;
    private static final int MAX_PORT = 65_535;

    LinkSettings {
        require(port >= 0 && port <= MAX_PORT, "port", port, "0 to 65535");
        require(lanes >= 1 && lanes <= MAX_LANES, "lanes", lanes, "1 to 16");
        require(isIp(address), "address", address, "an IP address");
        require(
                advertisedAddress.isEmpty() || isIp(advertisedAddress),
                "advertised-address",
                advertisedAddress,
                "an IP address or empty");
    }

    private static boolean isIp(String text) {
        return NetUtil.isValidIpV4Address(text) || NetUtil.isValidIpV6Address(text);
    }

    private static void require(boolean holds, String key, Object value, String range) {
        if (!holds) {
            throw new IllegalArgumentException(key + " of org.openvrg.link is '" + value + "'; it must be " + range);
        }
    }

    /** The proof of the secret, see {@link PairingProof#of}; no bytes without a secret. */
    byte[] proof(String clientFingerprint, String serverFingerprint, boolean byClient) {
        return secret.map(known -> known.proof(clientFingerprint, serverFingerprint, byClient))
                .orElse(new byte[0]);
    }

    /** Whether a proof is right; never without a secret. */
    boolean verify(String clientFingerprint, String serverFingerprint, boolean byClient, byte[] proof) {
        return secret.filter(known -> known.verify(clientFingerprint, serverFingerprint, byClient, proof))
                .isPresent();
    }

    /** The pairing secret; its text form does not show it. */
    static final class Secret {
        private final byte[] bytes;

        Secret(byte[] bytes) {
            if (bytes.length < LEAST_SECRET_BYTES) {
                throw new IllegalArgumentException("the pairing secret of org.openvrg.link has " + bytes.length
                        + " bytes; it must have at least " + LEAST_SECRET_BYTES);
            }
            this.bytes = Arrays.copyOf(bytes, bytes.length);
        }

        /** See {@link PairingProof#of}. */
        byte[] proof(String clientFingerprint, String serverFingerprint, boolean byClient) {
            return PairingProof.of(bytes, clientFingerprint, serverFingerprint, byClient);
        }

        /** See {@link PairingProof#verify}. */
        boolean verify(String clientFingerprint, String serverFingerprint, boolean byClient, byte[] proof) {
            return PairingProof.verify(bytes, clientFingerprint, serverFingerprint, byClient, proof);
        }

        @Override
        public String toString() {
            return "(secret)";
        }
    }
}
