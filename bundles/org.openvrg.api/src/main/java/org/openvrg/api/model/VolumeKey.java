package org.openvrg.api.model;

/**
 * Fixed-size identity of a volume inside records; see {@link VolumeId#key()}.
 *
 * @param high first 8 bytes, big-endian
 * @param low last 8 bytes, big-endian
 */
public record VolumeKey(long high, long low) {
    /** Length of the encoded form in bytes. */
    public static final int LENGTH_BYTES = 16;

    /** The key of records that concern no single volume (checkpoints, resync brackets). */
    public static final VolumeKey NONE = new VolumeKey(0, 0);

    @Override
    public String toString() {
        return String.format("%016x%016x", high, low);
    }
}
