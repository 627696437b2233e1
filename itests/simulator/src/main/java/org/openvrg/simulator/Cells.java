package org.openvrg.simulator;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/**
 * The content of a volume as one number for each cell of 512 bytes. A cell that a write with a number {@code id} filled
 * holds {@code id << 16 | cell} over and over, so that a lost, misplaced or old write shows; 0 stands for zeroes.
 * Keeps beside the cache what was flushed, for the power loss.
 */
final class Cells {
    static final int CELL_BYTES = 512;
    private static final int CELL_BITS = 16;

    final long[] cache;
    private final long[] stable;

    /** What happens to a cell. */
    interface Watcher {
        /** A cell got a new value. */
        void changed(int cell, long before, long after);
    }

    Watcher watcher = (cell, before, after) -> {};

    Cells(int cells) {
        if (cells > 1 << CELL_BITS) {
            throw new IllegalArgumentException("a volume has at most " + (1 << CELL_BITS) + " cells");
        }
        cache = new long[cells];
        stable = new long[cells];
    }

    static long value(long id, int cell) {
        return id == 0 ? 0 : id << CELL_BITS | cell;
    }

    /** The bytes of so many cells from one on, as a write fills them. */
    static byte[] bytes(long id, int firstCell, int cells) {
        ByteBuffer out = ByteBuffer.allocate(cells * CELL_BYTES);
        for (int i = 0; i < cells; i++) {
            fill(out, value(id, firstCell + i));
        }
        return out.array();
    }

    private static void fill(ByteBuffer out, long value) {
        for (int i = 0; i < CELL_BYTES; i += Long.BYTES) {
            out.putLong(value);
        }
    }

    long sizeBytes() {
        return (long) cache.length * CELL_BYTES;
    }

    void read(long offsetBytes, ByteBuffer into) {
        int cell = cellAt(offsetBytes);
        while (into.hasRemaining()) {
            long value = cache[cell++];
            fill(into, value);
        }
    }

    void write(long offsetBytes, ByteBuffer from) {
        int cell = cellAt(offsetBytes);
        while (from.hasRemaining()) {
            int at = from.position();
            long value = from.getLong(at);
            for (int i = Long.BYTES; i < CELL_BYTES; i += Long.BYTES) {
                if (from.getLong(at + i) != value) {
                    throw new Violation("a cell is written with bytes that are not of one write");
                }
            }
            from.position(at + CELL_BYTES);
            set(cell++, value);
        }
    }

    void zero(long offsetBytes, long lengthBytes) {
        int first = cellAt(offsetBytes);
        for (int cell = first; cell < first + cellAt(lengthBytes); cell++) {
            set(cell, 0);
        }
    }

    private void set(int cell, long value) {
        long before = cache[cell];
        cache[cell] = value;
        watcher.changed(cell, before, value);
    }

    static int cellAt(long bytes) {
        if (bytes % CELL_BYTES != 0) {
            throw new Violation("a range of bytes does not keep to the guest's cells: " + bytes);
        }
        return (int) (bytes / CELL_BYTES);
    }

    void flush() {
        System.arraycopy(cache, 0, stable, 0, cache.length);
    }

    /** All of it is zeroes, as on a new disk. */
    void lose() {
        for (int cell = 0; cell < cache.length; cell++) {
            if (cache[cell] != 0) {
                set(cell, 0);
            }
        }
        flush();
    }

    /** Each run of eight cells (a page) survives or is lost, or is torn. */
    void losePower(Random random) {
        for (int page = 0; page < cache.length; page += 8) {
            int end = Math.min(page + 8, cache.length);
            if (!Arrays.equals(cache, page, end, stable, page, end)) {
                int kept =
                        switch (random.nextInt(3)) {
                            case 0 -> 0;
                            case 1 -> end - page;
                            default -> random.nextInt(end - page + 1);
                        };
                for (int cell = page + kept; cell < end; cell++) {
                    if (cache[cell] != stable[cell]) {
                        set(cell, stable[cell]);
                    }
                }
            }
        }
        flush();
    }
}
