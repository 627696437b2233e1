package org.openvrg.writeagent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.storage.Ownership;

class StateFileTest {
    private static final UUID VM = new UUID(1, 2);
    private static final UUID BOOT = new UUID(3, 4);
    private static final StateFile.Lives LIVES = new StateFile.Lives(BOOT, new UUID(8, 8));
    private static final Ownership OWNER = new Ownership(new UUID(5, 6), 7);

    @TempDir
    Path folder;

    @Test
    void withinABootProgressOutlivesTheProcess() throws Exception {
        StateFile state = StateFile.create(file(), VM, LIVES, OWNER, 0, 0);
        state.setApplied(1000);
        state.setFlushed(900);
        StateFile again = StateFile.open(file(), VM, new StateFile.Lives(BOOT, new UUID(9, 9)))
                .orElseThrow();
        assertEquals(OWNER, again.owner());
        assertEquals(1000, again.appliedIndex());
        assertEquals(900, again.flushedIndex());
    }

    @Test
    void inAnotherBootOnlyWhatWasFlushedCounts() throws Exception {
        StateFile state = StateFile.create(file(), VM, LIVES, OWNER, 0, 0);
        state.setApplied(1000);
        state.setFlushed(900);
        StateFile.Lives next = new StateFile.Lives(new UUID(8, 9), LIVES.process());
        assertEquals(900, StateFile.open(file(), VM, next).orElseThrow().appliedIndex());
        StateFile again = StateFile.open(file(), VM, next).orElseThrow();
        again.setApplied(950);
        assertEquals(950, StateFile.open(file(), VM, next).orElseThrow().appliedIndex());
    }

    @Test
    void limitedToAProcessOnlyWhatWasFlushedOutlivesIt() throws Exception {
        StateFile state = StateFile.create(file(), VM, LIVES, OWNER, 1000, 900);
        state.setUnsure(true);
        StateFile limited = state.withinProcess(LIVES);
        assertEquals(1000, limited.appliedIndex());
        assertTrue(limited.unsure());
        limited.setApplied(1001);
        assertEquals(1001, StateFile.open(file(), VM, LIVES).orElseThrow().appliedIndex());
        StateFile next = StateFile.open(file(), VM, new StateFile.Lives(BOOT, new UUID(9, 9)))
                .orElseThrow();
        assertEquals(900, next.appliedIndex());
        assertEquals(900, next.flushedIndex());
        assertTrue(next.unsure());
    }

    @Test
    void noticesEveryDamagedByteOfWhatNeverChanges() throws Exception {
        StateFile.create(file(), VM, LIVES, OWNER, 5, 4);
        byte[] good = Files.readAllBytes(file());
        for (int at = 0; at < 72; at++) {
            byte[] bad = good.clone();
            bad[at] ^= 0x10;
            Files.write(file(), bad);
            assertTrue(StateFile.open(file(), VM, LIVES).isEmpty(), "byte " + at);
        }
        for (int length = 0; length < good.length; length++) {
            Files.write(file(), Arrays.copyOf(good, length));
            assertTrue(StateFile.open(file(), VM, LIVES).isEmpty(), "length " + length);
        }
        Files.write(file(), good);
        assertTrue(StateFile.open(file(), new UUID(9, 9), LIVES).isEmpty(), "of another VM");
        assertTrue(StateFile.open(file(), VM, LIVES).isPresent(), "the good one");
    }

    @Test
    void writingIsNewOnceUntilAllIsFlushed() throws Exception {
        StateFile state = StateFile.create(file(), VM, LIVES, OWNER, 0, 0);
        state.setUnsure(true);
        assertTrue(state.writing());
        assertFalse(state.unsure());
        assertFalse(state.writing());
        state.setApplied(3);
        state.goBack();
        assertEquals(0, state.appliedIndex());
        state.setApplied(2);
        state.setFlushed(2);
        assertFalse(state.writing(), "entry 3 may stand there");
        state.setApplied(3);
        state.setFlushed(3);
        assertTrue(state.writing());
    }

    @Test
    void anIndexThatCanNotBeIsDamage() throws Exception {
        StateFile.create(file(), VM, LIVES, OWNER, 4, 5);
        assertTrue(StateFile.open(file(), VM, LIVES).isEmpty());
        StateFile.create(file(), VM, LIVES, OWNER, -1, -1);
        assertTrue(StateFile.open(file(), VM, LIVES).isEmpty());
    }

    @Test
    void aFolderServesOneAgent() throws Exception {
        try (StateFolder states = new StateFolder(folder, LIVES)) {
            assertTrue(states.find(VM).isEmpty());
            assertThrows(IOException.class, () -> new StateFolder(folder, LIVES));
            states.create(VM, OWNER, 3, 2).delete();
            assertTrue(states.find(VM).isEmpty());
        }
        new StateFolder(folder, LIVES).close();
        assertFalse(Files.exists(file()));
    }

    private Path file() {
        return folder.resolve(VM + ".state");
    }
}
