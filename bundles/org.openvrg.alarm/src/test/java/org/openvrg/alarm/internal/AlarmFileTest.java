package org.openvrg.alarm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmService.Kind;

class AlarmFileTest {
    private static final Instant AT = Instant.ofEpochMilli(1_700_000_000_123L);
    private static final Alarm FIRST = new Alarm(1, Kind.LINK_DOWN, "192.0.2.1 port 7000", AT, "down, 断开");
    private static final Alarm SECOND = new Alarm(2, Kind.VOLUME_ERROR, "vm/v", AT, "");

    @TempDir
    Path folder;

    private Path file() {
        return folder.resolve(AlarmFile.NAME);
    }

    private Snapshot reopened() throws IOException {
        try (AlarmFile file = new AlarmFile(folder)) {
            return file.open();
        }
    }

    private void writeAll() throws IOException {
        try (AlarmFile file = new AlarmFile(folder)) {
            assertEquals(Snapshot.EMPTY, file.open());
            file.append(List.of(new Change.Raised(FIRST), new Change.Queued(new Notification(1, true, AT, FIRST))));
            file.append(List.of(new Change.Raised(SECOND), new Change.Queued(new Notification(2, true, AT, SECOND))));
            file.append(List.of(new Change.Done(1), new Change.Cleared(1)));
            file.append(List.of(new Change.Queued(new Notification(3, false, AT, FIRST))));
        }
    }

    @Test
    void readsBackWhatWasWritten() throws IOException {
        writeAll();
        Snapshot expected = new Snapshot(
                List.of(SECOND),
                List.of(new Notification(2, true, AT, SECOND), new Notification(3, false, AT, FIRST)),
                2,
                3);
        assertEquals(expected, reopened());
        assertEquals(expected, reopened());
        assertEquals(
                6, Files.readAllLines(file()).size() + 2, "written anew: the numbers, an alarm, two notifications");
    }

    @Test
    void forgetsNoNumberWhenAllIsOver() throws IOException {
        writeAll();
        try (AlarmFile file = new AlarmFile(folder)) {
            file.open();
            file.append(List.of(new Change.Cleared(2), new Change.Done(2), new Change.Done(3)));
        }
        assertEquals(new Snapshot(List.of(), List.of(), 2, 3), reopened());
        assertEquals(new Snapshot(List.of(), List.of(), 2, 3), reopened());
    }

    @Test
    void isAPrefixOfHistoryWhereverItIsCut() throws IOException {
        writeAll();
        byte[] whole = Files.readAllBytes(file());
        List<Integer> lineEnds = new ArrayList<>();
        for (int i = 0; i < whole.length; i++) {
            if (whole[i] == '\n') {
                lineEnds.add(i + 1);
            }
        }
        Snapshot before = Snapshot.EMPTY;
        for (int length = 0; length <= whole.length; length++) {
            Files.write(file(), Arrays.copyOf(whole, length));
            Snapshot now = reopened();
            if (!lineEnds.contains(length)) {
                assertEquals(before, now, "cut at " + length);
            }
            before = now;
        }
        assertEquals(3, before.lastNumber());
    }

    @Test
    void skipsALineOfWhichAByteWasFlipped() throws IOException {
        writeAll();
        byte[] whole = Files.readAllBytes(file());
        for (int i = 0; i < whole.length; i += 3) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 4;
            Files.write(file(), damaged);
            Snapshot now = reopened();
            assertTrue(now.lastId() <= 2 && now.lastNumber() <= 3, "flipped at " + i + ": " + now);
            assertTrue(now.size() <= 5, "flipped at " + i + ": " + now);
        }
    }

    @Test
    void isWrittenAnewWhenItHasGrownOrAWriteFailed() throws IOException {
        try (AlarmFile file = new AlarmFile(folder)) {
            assertTrue(file.wantsRewrite(), "not open yet");
            file.open();
            assertFalse(file.wantsRewrite());
            for (int i = 0; i < 1_100; i++) {
                file.append(List.of(new Change.Raised(FIRST)));
            }
            assertTrue(file.wantsRewrite());
            long grown = Files.size(file());
            file.rewrite(new Snapshot(List.of(FIRST), List.of(), 5, 6));
            assertFalse(file.wantsRewrite());
            assertTrue(Files.size(file()) < grown / 100);
        }
        assertEquals(new Snapshot(List.of(FIRST), List.of(), 5, 6), reopened());
    }
}
