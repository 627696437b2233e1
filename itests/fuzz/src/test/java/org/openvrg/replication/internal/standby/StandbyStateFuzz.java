package org.openvrg.replication.internal.standby;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.openvrg.api.failure.JournalException;
import org.openvrg.fuzz.Check;
import org.openvrg.fuzz.Input;

/** The state file of a standby VM with any text: read and stored again it is the same, or it is damage. */
public final class StandbyStateFuzz {
    private StandbyStateFuzz() {}

    public static void one(Input input, Path folder) throws Exception {
        Path file = folder.resolve("state");
        Files.write(file, input.rest());
        Optional<StandbyState> state;
        try {
            state = StandbyState.load(file);
        } catch (JournalException e) {
            Check.equal(JournalException.Kind.DAMAGED, e.kind(), "why a state file is refused");
            return;
        }
        state.orElseThrow().store(file);
        Check.equal(state, StandbyState.load(file), "the state that was stored again");
    }
}
