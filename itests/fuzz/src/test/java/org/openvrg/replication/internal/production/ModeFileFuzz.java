package org.openvrg.replication.internal.production;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;
import org.openvrg.replication.internal.machine.ProductionMachine.Saved;

/** Both mode files of a VM with any bytes, or absent: what has no right guard is as if nothing were known. */
public final class ModeFileFuzz {
    private static final UUID BOOT = new UUID(7, 8);
    private static final long MAGIC = 0x5652474d4f444531L;
    private static final int LENGTH_BYTES = 72;
    private static final int VERSION = 2;

    private ModeFileFuzz() {}

    public static void one(Input input, Path folder) throws Exception {
        Path live = folder.resolve("live");
        Path kept = folder.resolve("kept");
        ByteBuffer inMemory = file(input, live);
        ByteBuffer onDisk = file(input, kept);
        boolean fresh = !Files.exists(kept);
        boolean known = !fresh && isGuarded(onDisk);
        boolean sameBoot = known && isGuarded(inMemory) && isOfBoot(inMemory);
        Saved found;
        try (ModeFile mode = ModeFile.open(live, kept, BOOT)) {
            found = mode.found();
            Check.equal(fresh, mode.fresh(), "whether the file is new");
            Check.equal(sameBoot, mode.sameBoot(), "whether memory is believed");
            Check.that(sameBoot || mode.redoMark() == 0, "a redo mark that is not of this boot");
            boolean afterPowerLoss = known && !isOfBoot(onDisk);
            boolean believed = sameBoot || afterPowerLoss;
            Check.that(believed || found.equals(Saved.NEW), "files without guard are believed: " + found);
            mode.recovered(found);
        }
        try (ModeFile mode = ModeFile.open(live, kept, BOOT)) {
            Check.equal(found, mode.found(), "what is found at the second opening");
            Check.that(mode.sameBoot() && !mode.fresh(), "the files know their boot");
            mode.recovered(found);
            mode.noteCaptureStarted(5, 9);
        }
        try (ModeFile mode = ModeFile.open(live, kept, BOOT)) {
            Check.that(mode.found().capturing() && mode.redoMark() == 9, "a note survives");
        }
        try (ModeFile mode = ModeFile.open(live, kept, new UUID(1, 1))) {
            Check.that(mode.found().capturing(), "what the disk has survives a power loss");
            Check.that(!mode.sameBoot() && mode.redoMark() == 0, "another boot is told");
        }
    }

    /** Makes a file, or none; answers its first bytes, with zeroes where it ends early. */
    private static ByteBuffer file(Input input, Path file) throws IOException {
        int form = input.unsignedByte();
        byte[] bytes = input.bytes((form & 1) == 0 ? LENGTH_BYTES : 100);
        if ((form & 2) != 0) {
            bytes = Arrays.copyOf(bytes, Math.max(LENGTH_BYTES, bytes.length));
            ByteBuffer out = ByteBuffer.wrap(bytes);
            out.putLong(0, MAGIC).putInt(8, VERSION);
            if ((form & 8) != 0) {
                out.putLong(40, BOOT.getMostSignificantBits()).putLong(48, BOOT.getLeastSignificantBits());
            }
            out.putLong(56, guard(out));
        }
        if ((form & 4) != 0) {
            return ByteBuffer.allocate(LENGTH_BYTES);
        }
        Files.write(file, bytes);
        return ByteBuffer.wrap(Arrays.copyOf(bytes, LENGTH_BYTES));
    }

    private static long guard(ByteBuffer in) {
        return MAGIC
                ^ Integer.toUnsignedLong(in.getInt(12))
                ^ Long.rotateLeft(in.getLong(16), 8)
                ^ Long.rotateLeft(in.getLong(24), 24)
                ^ Long.rotateLeft(in.getLong(64), 40)
                ^ in.getLong(40)
                ^ in.getLong(48);
    }

    private static boolean isGuarded(ByteBuffer in) {
        return in.getLong(0) == MAGIC && in.getInt(8) == VERSION && in.getLong(56) == guard(in);
    }

    private static boolean isOfBoot(ByteBuffer in) {
        return in.getLong(40) == BOOT.getMostSignificantBits() && in.getLong(48) == BOOT.getLeastSignificantBits();
    }
}
