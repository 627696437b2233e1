package org.openvrg.simulator;

import java.util.Arrays;
import java.util.Random;

/**
 * What a run looks like, drawn from its seed.
 *
 * @param volumeCells cells of each volume
 * @param segmentBytes size of a journal segment
 * @param journalLimitBytes limit of production's journal: often too little, so that the VM falls to changed blocks
 * @param standbyLimitBytes limit of the DR journal; below four frames of blocks nothing could be held back
 * @param maxLatencyMillis bound of an acknowledgement
 * @param scrubBytesPerSecond rate of the scrub, 0 for none
 * @param lanes lanes between the gateways
 * @param seconds simulated time with guest and faults
 * @param writes most writes of the guest
 * @param faults how many things go wrong
 * @param compress whether batches are compressed
 * @param preseeded whether the standby volumes are like production's when it begins
 */
record Plan(
        int[] volumeCells,
        int segmentBytes,
        int journalLimitBytes,
        int standbyLimitBytes,
        int maxLatencyMillis,
        long scrubBytesPerSecond,
        int lanes,
        double seconds,
        int writes,
        int faults,
        boolean compress,
        boolean preseeded) {

    private static final int BLOCK_CELLS = 128;

    /** Cells of an extent of the activity log. */
    private static final int EXTENT_CELLS = 8192;

    static Plan of(Random random) {
        int[] cells = new int[1 + random.nextInt(2)];
        for (int i = 0; i < cells.length; i++) {
            cells[i] = BLOCK_CELLS / 2 + random.nextInt(4 * BLOCK_CELLS);
        }
        if (random.nextInt(16) == 0) {
            cells[0] = EXTENT_CELLS + 1 + random.nextInt(2 * BLOCK_CELLS);
        }
        int segment = 8192 << random.nextInt(3);
        int frameBytes = Math.min(1 << 20, Arrays.stream(cells).sum() * Cells.CELL_BYTES);
        return new Plan(
                cells,
                segment,
                segment * (4 + random.nextInt(20)),
                Math.max(8 * segment, 4 * frameBytes + random.nextInt(4 * frameBytes)),
                20 + random.nextInt(60),
                random.nextInt(3) == 0 ? 1 << 20 : 0,
                1 + random.nextInt(2),
                0.5 + random.nextDouble() * random.nextInt(5),
                60 << random.nextInt(4),
                random.nextInt(6),
                random.nextBoolean(),
                random.nextBoolean());
    }

    @Override
    public String toString() {
        return String.format(
                "volumes of %s cells, segments of %d bytes, journals of %d and %d, bound %d ms, %d lanes, %.1f s, %d"
                        + " faults",
                Arrays.toString(volumeCells),
                segmentBytes,
                journalLimitBytes,
                standbyLimitBytes,
                maxLatencyMillis,
                lanes,
                seconds,
                faults);
    }
}
