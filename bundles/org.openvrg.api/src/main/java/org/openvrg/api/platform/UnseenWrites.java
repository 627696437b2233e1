package org.openvrg.api.platform;

import java.util.List;

/**
 * What a host knows of the writes that an export was not given.
 *
 * @param known whether the host watched all the time; else anything may have been written
 * @param ranges what was written, empty when nothing is known
 */
public record UnseenWrites(boolean known, List<Range> ranges) {
    /**
     * A range of a disk.
     *
     * @param offsetBytes its first byte, from 0
     * @param lengthBytes at least 1
     */
    public record Range(long offsetBytes, long lengthBytes) {
        /** Checks the range. */
        public Range {
            if (offsetBytes < 0 || lengthBytes < 1 || offsetBytes > Long.MAX_VALUE - lengthBytes) {
                throw new IllegalArgumentException(
                        lengthBytes + " bytes at " + offsetBytes + " are no range of a disk");
            }
        }
    }

    /** Copies the list. */
    public UnseenWrites {
        ranges = List.copyOf(ranges);
        if (!known && !ranges.isEmpty()) {
            throw new IllegalArgumentException("ranges of which nothing is known");
        }
    }

    /** The host did not watch. */
    public static UnseenWrites unknown() {
        return new UnseenWrites(false, List.of());
    }

    /** The host watched, and saw exactly these. */
    public static UnseenWrites in(List<Range> ranges) {
        return new UnseenWrites(true, ranges);
    }
}
