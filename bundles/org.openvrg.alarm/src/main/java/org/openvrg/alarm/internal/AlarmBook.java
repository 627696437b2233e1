package org.openvrg.alarm.internal;

import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmService.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which alarms are raised, and which notifications wait to be sent; in memory. What changes is handed to one thread that
 * keeps it on disk ({@link #awaitChanges}), and a notification is handed to the one that sends ({@link #awaitHead}) only
 * once it is kept: so no number is ever used twice, whenever the process is killed.
 *
 * <p>An alarm has at most one entry for its kind and subject. Entries of a former run are unconfirmed until they are
 * raised or confirmed. Thread-safe; nothing here waits but the two methods for those threads.
 */
final class AlarmBook {
    /** Most alarms that are raised: those of 10,000 volumes, and several for each of 1,000 VMs. */
    static final int MAX_RAISED = 20_000;

    /** Most characters of a subject. */
    static final int MAX_SUBJECT_CHARACTERS = 255;

    /** Most characters of a text. */
    static final int MAX_TEXT_CHARACTERS = 1_000;

    private static final int DROPPED_PER_LINE = 1_000;
    private static final Logger LOG = LoggerFactory.getLogger(AlarmBook.class);

    private final Clock clock;
    private final int maxRaised;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<Key, Alarm> raised = new LinkedHashMap<>();
    private final Set<Key> unconfirmed = new HashSet<>();
    private final Deque<Notification> queue = new ArrayDeque<>();
    private final List<Change> changes = new ArrayList<>();
    private long lastId;
    private long lastNumber;
    private long keptNumber;
    private int queueLimit;
    private boolean queueing;
    private boolean closed;
    private boolean refusing;
    private long dropped;
    private long nudges;

    private record Key(Kind kind, String subject) {}

    /**
     * With what a former run left.
     *
     * @param queueing whether notifications are queued from the start
     */
    AlarmBook(Clock clock, int maxRaised, int queueLimit, boolean queueing, Snapshot left) {
        this.clock = clock;
        this.maxRaised = maxRaised;
        this.queueLimit = queueLimit;
        this.queueing = queueing;
        this.lastId = left.lastId();
        this.lastNumber = left.lastNumber();
        this.keptNumber = lastNumber;
        for (Alarm alarm : left.raised()) {
            Key key = new Key(alarm.kind(), alarm.subject());
            raised.put(key, alarm);
            unconfirmed.add(key);
        }
        if (queueing) {
            queue.addAll(left.queue());
        }
    }

    // ---- alarms -------------------------------------------------------------------------------------------------

    void raise(Kind kind, String subject, String text) {
        Key key = new Key(kind, clean(subject, MAX_SUBJECT_CHARACTERS));
        String shown = clean(text, MAX_TEXT_CHARACTERS);
        lock.lock();
        try {
            unconfirmed.remove(key);
            Alarm before = raised.get(key);
            if (before != null) {
                if (!before.text().equals(shown)) {
                    Alarm now = new Alarm(before.id(), kind, key.subject(), before.since(), shown);
                    raised.put(key, now);
                    change(new Change.Raised(now));
                    LOG.info("alarm {} {} for {}: {}", now.id(), kind, key.subject(), shown);
                }
                return;
            }
            if (raised.size() >= maxRaised) {
                refuse(key, shown);
                return;
            }
            Instant now = now();
            Alarm alarm = new Alarm(nextId(), kind, key.subject(), now, shown);
            raised.put(key, alarm);
            change(new Change.Raised(alarm));
            LOG.warn("alarm {} {} ({}) raised for {}: {}", alarm.id(), kind, kind.severity(), key.subject(), shown);
            enqueue(true, now, alarm);
        } finally {
            lock.unlock();
        }
    }

    /** Not kept and not sent: whoever raises it tells again, and is heard when others are cleared. */
    private void refuse(Key key, String text) {
        if (!refusing) {
            refusing = true;
            LOG.error(
                    "{} alarms are raised already; {} for {} and further ones are not taken: {}",
                    maxRaised,
                    key.kind(),
                    key.subject(),
                    text);
        }
    }

    void clear(Kind kind, String subject) {
        Key key = new Key(kind, clean(subject, MAX_SUBJECT_CHARACTERS));
        lock.lock();
        try {
            clear(key, "cleared: ");
        } finally {
            lock.unlock();
        }
    }

    private void clear(Key key, String why) {
        unconfirmed.remove(key);
        Alarm alarm = raised.remove(key);
        if (alarm == null) {
            return;
        }
        refusing = false;
        change(new Change.Cleared(alarm.id()));
        LOG.info("alarm {} {} cleared for {}", alarm.id(), key.kind(), key.subject());
        String text = clean(why + alarm.text(), MAX_TEXT_CHARACTERS);
        enqueue(false, now(), new Alarm(alarm.id(), alarm.kind(), alarm.subject(), alarm.since(), text));
    }

    void confirm(Kind kind, String subject) {
        lock.lock();
        try {
            unconfirmed.remove(new Key(kind, clean(subject, MAX_SUBJECT_CHARACTERS)));
        } finally {
            lock.unlock();
        }
    }

    /** Clears what nobody has confirmed since the start. */
    void clearUnconfirmed() {
        lock.lock();
        try {
            for (Key key : List.copyOf(unconfirmed)) {
                LOG.info("nothing has told since the start that {} for {} still stands", key.kind(), key.subject());
                clear(key, "cleared, as nothing has confirmed it since the restart: ");
            }
        } finally {
            lock.unlock();
        }
    }

    List<Alarm> raised() {
        lock.lock();
        try {
            return List.copyOf(raised.values());
        } finally {
            lock.unlock();
        }
    }

    // ---- queue --------------------------------------------------------------------------------------------------

    /** Queues from now on; what waited for another server is dropped, and what is raised is told anew. */
    void startQueue() {
        lock.lock();
        try {
            dropQueue();
            queueing = true;
            raised.values().forEach(alarm -> enqueue(true, alarm.since(), alarm));
        } finally {
            lock.unlock();
        }
    }

    /** Queues nothing any more, and drops what waits. */
    void stopQueue() {
        lock.lock();
        try {
            dropQueue();
            queueing = false;
        } finally {
            lock.unlock();
        }
    }

    private void dropQueue() {
        queue.forEach(notification -> change(new Change.Done(notification.number())));
        queue.clear();
    }

    void limitQueue(int limit) {
        lock.lock();
        try {
            queueLimit = limit;
        } finally {
            lock.unlock();
        }
    }

    private void enqueue(boolean wasRaised, Instant at, Alarm alarm) {
        if (!queueing) {
            return;
        }
        while (queue.size() >= queueLimit) {
            Notification oldest = queue.removeFirst();
            change(new Change.Done(oldest.number()));
            if (dropped++ % DROPPED_PER_LINE == 0) {
                LOG.error(
                        "{} notifications wait for the alarm server, which is the limit: the oldest are dropped, {} so far",
                        queueLimit,
                        dropped);
            }
        }
        lastNumber = lastNumber >= Alarm.MAX_ID ? 1 : lastNumber + 1;
        Notification notification = new Notification(lastNumber, wasRaised, at, alarm);
        queue.addLast(notification);
        change(new Change.Queued(notification));
    }

    /** In milliseconds, as they are kept. */
    private Instant now() {
        return clock.instant().truncatedTo(ChronoUnit.MILLIS);
    }

    private long nextId() {
        lastId = lastId >= Alarm.MAX_ID ? 1 : lastId + 1;
        return lastId;
    }

    /** Waits for the oldest notification that is kept and may be sent; empty once this is closed. */
    Optional<Notification> awaitHead(BooleanSupplier possible) throws InterruptedException {
        lock.lock();
        try {
            while (!closed) {
                Notification head = queue.peekFirst();
                if (head != null && head.number() <= keptNumber && possible.getAsBoolean()) {
                    return Optional.of(head);
                }
                changed.await();
            }
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    /** The server has a notification. */
    void done(long number) {
        lock.lock();
        try {
            if (queue.removeIf(notification -> notification.number() == number)) {
                change(new Change.Done(number));
                dropped = 0;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Drops what is older than an instant; returns how many that were. */
    int expire(Instant before) {
        lock.lock();
        try {
            int count = 0;
            for (Iterator<Notification> each = queue.iterator(); each.hasNext(); ) {
                Notification notification = each.next();
                if (notification.at().isBefore(before)) {
                    each.remove();
                    change(new Change.Done(notification.number()));
                    count++;
                }
            }
            return count;
        } finally {
            lock.unlock();
        }
    }

    int waiting() {
        lock.lock();
        try {
            return queue.size();
        } finally {
            lock.unlock();
        }
    }

    // ---- threads ------------------------------------------------------------------------------------------------

    private void change(Change change) {
        changes.add(change);
        changed.signalAll();
    }

    /** Waits for changes that are to be kept, at most for the given time; none when it is over or this is closed. */
    List<Change> awaitChanges(long millis) throws InterruptedException {
        lock.lock();
        try {
            long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
            while (changes.isEmpty() && !closed && nanos > 0) {
                nanos = changed.awaitNanos(nanos);
            }
            List<Change> taken = List.copyOf(changes);
            changes.clear();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** All that outlives a restart, with the changes that are not taken yet: they are taken by this. */
    Snapshot snapshot() {
        lock.lock();
        try {
            changes.clear();
            return new Snapshot(List.copyOf(raised.values()), List.copyOf(queue), lastId, lastNumber);
        } finally {
            lock.unlock();
        }
    }

    /** The notifications up to the newest of these changes are kept. */
    void kept(List<Change> stored) {
        long newest = 0;
        for (Change change : stored) {
            if (change instanceof Change.Queued queued) {
                newest = queued.notification().number();
            }
        }
        if (newest != 0) {
            kept(newest);
        }
    }

    /** The notifications up to a number are kept. */
    void kept(long number) {
        lock.lock();
        try {
            keptNumber = number;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Wakes whoever pauses, or waits for what {@link #awaitHead} was told to ask. */
    void nudge() {
        lock.lock();
        try {
            nudges++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for some time, for a {@link #nudge} or the end. */
    void pause(long millis) throws InterruptedException {
        lock.lock();
        try {
            long before = nudges;
            long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
            while (nudges == before && !closed && nanos > 0) {
                nanos = changed.awaitNanos(nanos);
            }
        } finally {
            lock.unlock();
        }
    }

    void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Without control characters, which would break lines of log and file, and not too long. */
    private static String clean(String text, int maxCharacters) {
        String flat = text.replaceAll("\\p{Cntrl}", " ");
        if (flat.length() <= maxCharacters) {
            return flat;
        }
        int end = Character.isHighSurrogate(flat.charAt(maxCharacters - 1)) ? maxCharacters - 1 : maxCharacters;
        return flat.substring(0, end);
    }
}
