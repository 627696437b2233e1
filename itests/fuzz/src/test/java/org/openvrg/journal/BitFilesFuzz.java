package org.openvrg.journal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;

/** Dirty bitmap and activity log over files that may be anything: a damaged one never makes a block clean. */
public final class BitFilesFuzz {
    private static final int BLOCK_BYTES = 65_536;

    private BitFilesFuzz() {}

    public static void one(Input input, Path folder) throws Exception {
        long blocks = 1L + input.unsignedByte();
        long volumeBytes = blocks * BLOCK_BYTES - input.below(200);
        long logBytes = blocks * ActivityLog.EXTENT_BYTES - input.below(200);
        int damage = input.unsignedByte();
        Path bitmap = folder.resolve("bitmap");
        Path log = folder.resolve("log");
        BitSet marked = new BitSet();
        try (DirtyBitmap fresh = DirtyBitmap.open(bitmap, volumeBytes, BLOCK_BYTES);
                ActivityLog activity = ActivityLog.open(log, logBytes)) {
            Check.equal(0L, fresh.dirtyBlocks(), "dirty blocks of a new bitmap");
            for (int i = input.below(6); i > 0; i--) {
                int block = input.below((int) blocks);
                fresh.mark((long) block * BLOCK_BYTES, 1);
                activity.touch((long) block * ActivityLog.EXTENT_BYTES, 1, i);
                marked.set(block);
            }
            fresh.sync();
        }
        boolean soundBitmap = hurt(bitmap, damage & 15, input);
        boolean soundLog = hurt(log, damage >>> 4, input);
        BitSet all = new BitSet();
        all.set(0, (int) blocks);
        try (DirtyBitmap found = DirtyBitmap.open(bitmap, volumeBytes, BLOCK_BYTES);
                ActivityLog activity = ActivityLog.open(log, logBytes)) {
            Check.equal(!soundBitmap, found.wasDamaged(), "whether the bitmap was damaged");
            Check.equal(!soundLog, activity.wasDamaged(), "whether the log was damaged");
            Check.equal(soundBitmap ? marked : all, found.snapshot(), "dirty blocks");
            Check.equal(soundLog ? marked : all, activity.extents(), "hot extents");
            Check.equal((long) found.snapshot().cardinality(), found.dirtyBlocks(), "number of dirty blocks");
        }
    }

    /** Changes header or length of a file; answers whether the file is still what it was. */
    private static boolean hurt(Path file, int how, Input input) throws IOException {
        byte[] before = Files.readAllBytes(file);
        byte[] bytes = before.clone();
        switch (how & 3) {
            case 1 -> {
                byte[] over = input.bytes(64);
                System.arraycopy(over, 0, bytes, input.below(30), over.length);
            }
            case 2 -> bytes = Arrays.copyOf(bytes, input.unsignedShort());
            case 3 -> bytes = input.bytes(200);
            default -> {
                return true;
            }
        }
        Files.write(file, bytes);
        return Arrays.equals(before, bytes);
    }
}
