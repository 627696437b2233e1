package org.openvrg.replication.internal.production;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;
import org.openvrg.replication.internal.machine.ProductionMachine.Saved;

/** The mode file of a VM with any bytes: what has no right guard is as if nothing were known. */
public final class ModeFileFuzz {
    private static final UUID BOOT = new UUID(7, 8);

    private ModeFileFuzz() {}

    public static void one(Input input, Path folder) throws Exception {
        Path file = folder.resolve("mode");
        int form = input.unsignedByte();
        byte[] bytes = input.bytes((form & 1) == 0 ? 64 : 100);
        if ((form & 2) != 0 && bytes.length >= 64) {
            guard(bytes);
        }
        if ((form & 4) == 0) {
            Files.write(file, bytes);
        }
        Saved found;
        try (ModeFile mode = ModeFile.open(file, BOOT)) {
            found = mode.found();
            boolean right = bytes.length >= 64 && (form & 4) == 0 && isGuarded(bytes);
            Check.that(right || found.equals(Saved.NEW), "a file without guard is believed: " + found);
            Check.that(right || (!mode.sameBoot() && mode.redoMark() == 0), "boot and redo mark without guard");
        }
        try (ModeFile mode = ModeFile.open(file, BOOT)) {
            Check.equal(found, mode.found(), "what is found at the second opening");
            Check.that(mode.sameBoot() && !mode.fresh(), "the file knows its boot");
            mode.noteCaptureStarted(9);
        }
        try (ModeFile mode = ModeFile.open(file, new UUID(1, 1))) {
            Check.that(mode.found().capturing() && mode.redoMark() == 9, "a note survives");
            Check.that(!mode.sameBoot(), "another boot is told");
        }
    }

    private static long sum(ByteBuffer in) {
        return 0x5652474d4f444531L
                ^ Integer.toUnsignedLong(in.getInt(12))
                ^ Long.rotateLeft(in.getLong(16), 8)
                ^ Long.rotateLeft(in.getLong(24), 24)
                ^ in.getLong(40)
                ^ in.getLong(48);
    }

    private static void guard(byte[] bytes) {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        out.putLong(0, 0x5652474d4f444531L).putInt(8, 1);
        out.putLong(56, sum(out));
    }

    private static boolean isGuarded(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        return in.getLong(0) == 0x5652474d4f444531L && in.getInt(8) == 1 && in.getLong(56) == sum(in);
    }
}
