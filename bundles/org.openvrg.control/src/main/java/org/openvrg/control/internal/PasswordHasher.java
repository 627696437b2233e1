package org.openvrg.control.internal;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/**
 * Argon2id (RFC 9106) over what clients transmit: the lower-case hex SHA-256 of the password. Thread-safe.
 *
 * <p>One computation takes {@link Cost#memoryKib} of memory; the caller limits how many run at once.
 */
final class PasswordHasher {
    /** Cost of new hashes: 19 MiB, two passes, one lane. */
    static final Cost DEFAULT_COST = new Cost(19 * 1024, 2, 1);

    private static final int SALT_BYTES = 16;
    private static final int HASH_BYTES = 32;
    private static final int MAX_MEMORY_KIB = 1024 * 1024;
    private static final int MAX_ITERATIONS = 64;
    private static final int MAX_LANES = 16;

    private final SecureRandom random = new SecureRandom();
    private final Cost cost;

    /** The cost that new hashes get. */
    PasswordHasher(Cost cost) {
        this.cost = cost;
    }

    /**
     * Parameters of Argon2id.
     *
     * @param memoryKib memory in KiB
     * @param iterations passes over it
     * @param lanes parallelism
     */
    record Cost(int memoryKib, int iterations, int lanes) {
        /** Checks the ranges, so that a damaged store can't exhaust the memory. */
        Cost {
            if (memoryKib < 8 * lanes
                    || memoryKib > MAX_MEMORY_KIB
                    || iterations < 1
                    || iterations > MAX_ITERATIONS
                    || lanes < 1
                    || lanes > MAX_LANES) {
                throw new IllegalArgumentException("the cost of a password hash is out of range");
            }
        }
    }

    /** A salted hash; never shown, the string form holds neither salt nor hash. */
    record Hash(Cost cost, String saltHex, String hashHex) {
        @Override
        public String toString() {
            return "Hash[" + cost + "]";
        }
    }

    /** Hashes a transmitted key with a new salt. */
    Hash hash(String keyHex) {
        byte[] salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        HexFormat hex = HexFormat.of();
        return new Hash(cost, hex.formatHex(salt), hex.formatHex(compute(cost, salt, keyHex)));
    }

    /** Whether the transmitted key is the one that was hashed; compares in constant time. */
    boolean matches(Hash hash, String keyHex) {
        HexFormat hex = HexFormat.of();
        byte[] wanted = hex.parseHex(hash.hashHex());
        byte[] found = compute(hash.cost(), hex.parseHex(hash.saltHex()), keyHex);
        return MessageDigest.isEqual(wanted, found);
    }

    private static byte[] compute(Cost cost, byte[] salt, String keyHex) {
        Argon2Parameters parameters = new Argon2Parameters.Builder(Argon2Parameters.ARGON2_id)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withMemoryAsKB(cost.memoryKib())
                .withIterations(cost.iterations())
                .withParallelism(cost.lanes())
                .withSalt(salt)
                .build();
        Argon2BytesGenerator generator = new Argon2BytesGenerator();
        generator.init(parameters);
        byte[] input = keyHex.getBytes(StandardCharsets.US_ASCII);
        byte[] out = new byte[HASH_BYTES];
        generator.generateBytes(input, out);
        Arrays.fill(input, (byte) 0);
        return out;
    }
}
