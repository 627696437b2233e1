package org.openvrg.replication.internal.standby;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.JournalException;

class StandbyJournalCloseTest {
    @Test
    void journalCanBeOpenedAgainAfterItsStateCouldNotBeStored(@TempDir Path folder) throws Exception {
        StandbyJournal first = StandbyJournal.open(folder, 1 << 20, 64 << 20, 1);
        Path inTheWay = Files.createDirectory(folder.resolve("state.new"));
        assertThrows(JournalException.class, first::close);
        Files.delete(inTheWay);
        try (StandbyJournal second = StandbyJournal.open(folder, 1 << 20, 64 << 20, 2)) {
            assertEquals(0, second.journal().lastIndex());
        }
    }
}
