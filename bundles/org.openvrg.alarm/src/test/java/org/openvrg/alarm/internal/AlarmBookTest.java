package org.openvrg.alarm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmService.Kind;

class AlarmBookTest {
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05.678Z");
    private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

    private static AlarmBook book(int maxRaised, int queueLimit, Snapshot left) {
        return new AlarmBook(CLOCK, maxRaised, queueLimit, true, left);
    }

    private static List<Long> queued(AlarmBook book) {
        return book.snapshot().queue().stream().map(Notification::number).toList();
    }

    @Test
    void raisesAndClearsOnce() {
        AlarmBook book = book(10, 10, Snapshot.EMPTY);
        book.clear(Kind.LINK_DOWN, "a");
        book.raise(Kind.LINK_DOWN, "a", "first");
        book.raise(Kind.LINK_DOWN, "a", "second");
        book.raise(Kind.AGENT_LOST, "a", "other");
        assertEquals(
                List.of(
                        new Alarm(1, Kind.LINK_DOWN, "a", NOW, "second"),
                        new Alarm(2, Kind.AGENT_LOST, "a", NOW, "other")),
                book.raised());
        book.clear(Kind.LINK_DOWN, "a");
        book.clear(Kind.LINK_DOWN, "a");
        book.raise(Kind.LINK_DOWN, "a", "third");
        Snapshot all = book.snapshot();
        assertEquals(List.of(2L, 3L), all.raised().stream().map(Alarm::id).toList());
        assertEquals(
                List.of("1 true first", "2 true other", "1 false cleared: second", "3 true third"),
                all.queue().stream()
                        .map(each -> each.alarm().id() + " " + each.raised() + " "
                                + each.alarm().text())
                        .toList());
    }

    @Test
    void takesNoMoreThanItsLimitAndTakesAgainWhenThereIsRoom() {
        AlarmBook book = book(2, 10, Snapshot.EMPTY);
        for (int round = 0; round < 3; round++) {
            for (String subject : List.of("a", "b", "c")) {
                book.raise(Kind.VOLUME_ERROR, subject, "text");
            }
        }
        assertEquals(
                List.of("a", "b"), book.raised().stream().map(Alarm::subject).toList());
        assertEquals(List.of(1L, 2L), queued(book));
        book.clear(Kind.VOLUME_ERROR, "a");
        book.raise(Kind.VOLUME_ERROR, "c", "text");
        assertEquals(
                List.of("b", "c"), book.raised().stream().map(Alarm::subject).toList());
    }

    @Test
    void dropsTheOldestNotificationsBeyondTheLimit() {
        AlarmBook book = book(100, 3, Snapshot.EMPTY);
        for (int i = 0; i < 5; i++) {
            book.raise(Kind.VOLUME_ERROR, "volume " + i, "text");
        }
        assertEquals(List.of(3L, 4L, 5L), queued(book));
        assertEquals(5, book.raised().size());
    }

    @Test
    void handsOutNothingThatIsNotKept() throws InterruptedException {
        AlarmBook book = book(10, 10, Snapshot.EMPTY);
        book.raise(Kind.LINK_DOWN, "a", "text");
        List<Change> changes = book.awaitChanges(0);
        Thread closer = new Thread(() -> {
            book.kept(changes);
            book.close();
        });
        closer.start();
        book.awaitHead(() -> true).ifPresent(head -> assertEquals(1, head.number()));
        closer.join();
        assertEquals(Optional.empty(), book.awaitHead(() -> true), "it is closed");
        assertEquals(2, changes.size());
    }

    @Test
    void goesOnWithTheNumbersOfTheLastRun() {
        Alarm old = new Alarm(7, Kind.LINK_DOWN, "a", NOW, "text");
        AlarmBook book = book(10, 10, new Snapshot(List.of(old), List.of(), 9, 20));
        book.raise(Kind.LINK_DOWN, "a", "text");
        book.raise(Kind.LINK_DOWN, "b", "text");
        assertEquals(List.of(old, new Alarm(10, Kind.LINK_DOWN, "b", NOW, "text")), book.raised());
        assertEquals(List.of(21L), queued(book));
        book.clearUnconfirmed();
        assertEquals(2, book.raised().size());
    }

    @Test
    void cutsTextsAndTakesControlCharactersOut() {
        AlarmBook book = book(10, 10, Snapshot.EMPTY);
        String subject = "s".repeat(300);
        book.raise(Kind.LINK_DOWN, subject, "line\nline\ttab" + "\uD83D\uDE00".repeat(1_000));
        Alarm alarm = book.raised().get(0);
        assertEquals(AlarmBook.MAX_SUBJECT_CHARACTERS, alarm.subject().length());
        assertTrue(alarm.text().startsWith("line line tab"), alarm.text());
        assertTrue(alarm.text().length() <= AlarmBook.MAX_TEXT_CHARACTERS);
        assertTrue(Character.isLowSurrogate(alarm.text().charAt(alarm.text().length() - 1)));
        assertTrue(TrapMessage.text(alarm.text()).length() <= 255);
        book.clear(Kind.LINK_DOWN, subject);
        assertEquals(List.of(), book.raised());
    }
}
