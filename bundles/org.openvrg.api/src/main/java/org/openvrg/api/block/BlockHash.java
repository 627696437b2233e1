package org.openvrg.api.block;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * Fingerprint of a block for the consistency check: the first 128 bits of its SHA-256 (FIPS 180-4). Both sites compare
 * these instead of the bytes; 128 bits make an accidental collision a matter of 2^64 blocks.
 */
public final class BlockHash {
    /** Length of a fingerprint in bytes. */
    public static final int LENGTH_BYTES = 16;

    private BlockHash() {}

    /**
     * The fingerprint of all that remains in a buffer.
     *
     * @param block consumed to its limit
     * @return 16 bytes
     */
    public static byte[] of(ByteBuffer block) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(block);
            return Arrays.copyOf(digest.digest(), LENGTH_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
