package org.openvrg.wire;

import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Proof that a side knows the pairing secret, bound to the two certificates of one connection and to the role, so that
 * it can neither be passed on through a third party nor be sent back to its maker.
 *
 * <p>HMAC-SHA256 (RFC 2104) with the secret as key over: the ASCII text {@code vrg-pairing-1}, one zero byte, the role
 * ({@code C} of the side that connected or {@code S}), the 64 hex digits of the client's and those of the server's
 * certificate fingerprint.
 */
public final class PairingProof {
    /** Length of a proof. */
    public static final int LENGTH_BYTES = 32;

    private static final String DOMAIN = "vrg-pairing-1\0";

    private PairingProof() {}

    /**
     * The proof of one side.
     *
     * @param secret at least one byte
     * @param clientFingerprint of the side that connected
     * @param serverFingerprint of the side that was connected to
     * @param byClient whether the side that connected makes it
     */
    public static byte[] of(byte[] secret, String clientFingerprint, String serverFingerprint, boolean byClient) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            mac.update((DOMAIN + (byClient ? "C" : "S") + clientFingerprint + serverFingerprint)
                    .getBytes(StandardCharsets.UTF_8));
            return mac.doFinal();
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every Java platform has HMAC-SHA256", e);
        }
    }

    /** Whether a proof that was received is right; takes the same time whatever it holds. */
    public static boolean verify(
            byte[] secret, String clientFingerprint, String serverFingerprint, boolean byClient, byte[] proof) {
        return MessageDigest.isEqual(of(secret, clientFingerprint, serverFingerprint, byClient), proof);
    }
}
