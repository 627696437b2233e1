package org.openvrg.replication.internal.production;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A set of byte ranges, kept merged. Not thread-safe. */
final class RangeSet {
    private final TreeMap<Long, Long> ends = new TreeMap<>();

    /**
     * A run of bytes.
     *
     * @param startBytes first byte
     * @param endBytes behind the last byte
     */
    record Range(long startBytes, long endBytes) {
        long lengthBytes() {
            return endBytes - startBytes;
        }

        boolean overlaps(long start, long end) {
            return startBytes < end && start < endBytes;
        }
    }

    /** Adds a range. */
    void add(long startBytes, long endBytes) {
        long start = startBytes;
        long end = endBytes;
        Map.Entry<Long, Long> before = ends.floorEntry(start);
        if (before != null && before.getValue() >= start) {
            start = before.getKey();
            end = Math.max(end, before.getValue());
        }
        Map.Entry<Long, Long> next = ends.ceilingEntry(start);
        while (next != null && next.getKey() <= end) {
            end = Math.max(end, next.getValue());
            ends.remove(next.getKey());
            next = ends.ceilingEntry(start);
        }
        ends.put(start, end);
    }

    /** What of a range is not in the set, in order. */
    List<Range> missing(long startBytes, long endBytes) {
        List<Range> missing = new ArrayList<>();
        long at = startBytes;
        Map.Entry<Long, Long> before = ends.floorEntry(startBytes);
        if (before != null) {
            at = Math.max(at, before.getValue());
        }
        for (Map.Entry<Long, Long> range : ends.tailMap(startBytes, false).entrySet()) {
            if (range.getKey() >= endBytes) {
                break;
            }
            if (range.getKey() > at) {
                missing.add(new Range(at, range.getKey()));
            }
            at = Math.max(at, range.getValue());
        }
        if (at < endBytes) {
            missing.add(new Range(at, endBytes));
        }
        return missing;
    }

    boolean isEmpty() {
        return ends.isEmpty();
    }
}
