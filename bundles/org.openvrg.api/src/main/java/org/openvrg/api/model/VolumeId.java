package org.openvrg.api.model;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Identity of a volume on both sites: the UUID of the production volume.
 *
 * @param value 1 to 64 characters out of letters, digits and {@code -}; usually a UUID, compared case-sensitively
 */
public record VolumeId(String value) implements Comparable<VolumeId> {
    private static final Pattern VALID = Pattern.compile("[A-Za-z0-9-]{1,64}");

    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException when {@link #isValid} says no
     */
    public VolumeId {
        Objects.requireNonNull(value, "value");
        if (!isValid(value)) {
            throw new IllegalArgumentException("a volume UUID has 1 to 64 letters, digits or '-'");
        }
    }

    /** Whether a text has the form of a volume UUID; never throws. */
    public static boolean isValid(String text) {
        return VALID.matcher(text).matches();
    }

    /** The fixed-size form that records carry: the first 16 bytes of the SHA-256 of the value in UTF-8. */
    public VolumeKey key() {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(value.getBytes(StandardCharsets.UTF_8));
            ByteBuffer buffer = ByteBuffer.wrap(hash);
            return new VolumeKey(buffer.getLong(), buffer.getLong());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    @Override
    public int compareTo(VolumeId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
