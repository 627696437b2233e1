package org.openvrg.fuzz;

import java.nio.file.Path;
import org.openvrg.journal.BitFilesFuzz;
import org.openvrg.replication.internal.production.ModeFileFuzz;
import org.openvrg.replication.internal.standby.StandbyStateFuzz;
import org.openvrg.writeagent.internal.StateFileFuzz;

/** All files but journals that are found at a start; the first byte tells which. */
public final class StateFilesFuzz {
    private static final MemoryFolder FOLDER = MemoryFolder.make();
    private static final long HEAP_BYTES = 16L << 20;

    private StateFilesFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) throws Exception {
        Check.allocates(HEAP_BYTES, () -> one(new Input(data), FOLDER.emptied()));
    }

    private static void one(Input input, Path folder) throws Exception {
        switch (input.below(4)) {
            case 0 -> BitFilesFuzz.one(input, folder);
            case 1 -> ModeFileFuzz.one(input, folder);
            case 2 -> StandbyStateFuzz.one(input, folder);
            default -> StateFileFuzz.one(input, folder);
        }
    }
}
