package org.openvrg.api.block;

/**
 * A run of bytes of one kind.
 *
 * @param lengthBytes at least 1
 * @param hole not allocated in the storage
 * @param zero reads as zeroes
 */
public record BlockExtent(long lengthBytes, boolean hole, boolean zero) {
    /** Checks the length. */
    public BlockExtent {
        if (lengthBytes < 1) {
            throw new IllegalArgumentException("an extent has at least one byte, not " + lengthBytes);
        }
    }

    /** Allocated data. */
    public static BlockExtent data(long lengthBytes) {
        return new BlockExtent(lengthBytes, false, false);
    }

    /** An unallocated run that reads as zeroes. */
    public static BlockExtent hole(long lengthBytes) {
        return new BlockExtent(lengthBytes, true, true);
    }
}
