package org.openvrg.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class PairingProofTest {
    private static final byte[] SECRET = "correct horse".getBytes(StandardCharsets.UTF_8);
    private static final String CLIENT = "a".repeat(64);
    private static final String SERVER = "b".repeat(64);

    @Test
    void acceptsOnlyTheSameSecretRolesAndCertificates() {
        byte[] proof = PairingProof.of(SECRET, CLIENT, SERVER, true);
        assertEquals(PairingProof.LENGTH_BYTES, proof.length);
        assertTrue(PairingProof.verify(SECRET, CLIENT, SERVER, true, proof));
        assertFalse(PairingProof.verify(SECRET, CLIENT, SERVER, false, proof), "sent back");
        assertFalse(PairingProof.verify(SECRET, SERVER, CLIENT, true, proof), "roles exchanged");
        assertFalse(PairingProof.verify(SECRET, CLIENT, CLIENT, true, proof), "third party");
        assertFalse(PairingProof.verify(new byte[] {1}, CLIENT, SERVER, true, proof));
        assertFalse(PairingProof.verify(SECRET, CLIENT, SERVER, true, new byte[0]));
    }
}
