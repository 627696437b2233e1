package org.openvrg.alarm.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmAdmin;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.ConfigStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The alarms of the gateway: raised ones in memory and on disk, notifications to the alarm server. A disk that fails
 * costs the memory over a restart, nothing else. Thread-safe.
 */
final class AlarmCenter implements AlarmService, AlarmAdmin, AutoCloseable {
    private static final long CLOSE_MILLIS = 5_000;

    /** Pause after a write that failed. */
    private static final long DISK_RETRY_MILLIS = 5_000;

    private static final int DEFAULT_QUEUE_LIMIT = 20_000;
    private static final long DEFAULT_CONFIRM_SECONDS = 300;
    private static final Logger LOG = LoggerFactory.getLogger(AlarmCenter.class);

    private final AlarmFile file;
    private final AlarmBook book;
    private final ServerSetting setting;
    private final TrapSender sender;
    private final Thread keeper;
    private final long confirmMillis;
    private volatile Optional<Settings> settings;
    private volatile Optional<Server> server;
    private volatile boolean closing;

    /**
     * Takes up what a former run left.
     *
     * @param directory of what outlives a restart
     * @param store keeps which server is named
     * @param gateway identity that notifications carry
     * @param settings how to send; empty when they are not valid, and nothing is sent
     */
    AlarmCenter(Path directory, ConfigStore store, UUID gateway, Clock clock, Optional<Settings> settings) {
        this.file = new AlarmFile(directory);
        this.settings = settings;
        this.setting = new ServerSetting(store);
        this.server = setting.load();
        this.confirmMillis = settings.map(now -> now.confirm().toMillis())
                .orElse(TimeUnit.SECONDS.toMillis(DEFAULT_CONFIRM_SECONDS));
        int limit = settings.map(Settings::queueLimit).orElse(DEFAULT_QUEUE_LIMIT);
        this.book = new AlarmBook(clock, AlarmBook.MAX_RAISED, limit, server.isPresent(), open());
        this.sender = new TrapSender(book, gateway, new EngineBoots(directory, clock), clock);
        this.keeper = new Thread(this::keep, "vrg-alarm-keeper");
        keeper.setDaemon(true);
        keeper.start();
        sender.start();
        route();
    }

    private Snapshot open() {
        try {
            return file.open();
        } catch (IOException e) {
            LOG.error("the alarms of the last run can't be read; those of this one may not outlive a restart", e);
            return Snapshot.EMPTY;
        }
    }

    // ---- alarms -------------------------------------------------------------------------------------------------

    @Override
    public void raise(Kind kind, String subject, String text) {
        book.raise(kind, subject, String.valueOf(text));
    }

    @Override
    public void clear(Kind kind, String subject) {
        book.clear(kind, subject);
    }

    @Override
    public void confirm(Kind kind, String subject) {
        book.confirm(kind, subject);
    }

    @Override
    public List<Alarm> raised() {
        return book.raised();
    }

    // ---- server -------------------------------------------------------------------------------------------------

    @Override
    public Optional<Server> server() {
        return server;
    }

    @Override
    public synchronized void sendTo(Server named) {
        if (server.equals(Optional.of(named))) {
            return;
        }
        setting.save(named);
        server = Optional.of(named);
        book.startQueue();
        LOG.info("the alarm server is {} port {}", named.ip(), named.port());
        route();
    }

    @Override
    public synchronized void stopSending() {
        setting.remove();
        server = Optional.empty();
        book.stopQueue();
        LOG.info("no alarm server is named any more");
        route();
    }

    /** New settings; empty ones stop the sending. */
    synchronized void configure(Optional<Settings> changed) {
        settings = changed;
        changed.ifPresent(now -> book.limitQueue(now.queueLimit()));
        route();
    }

    private void route() {
        sender.route(server.flatMap(to -> settings.map(how -> new TrapSender.Route(to, how))));
    }

    /** Notifications that wait. */
    int waiting() {
        return book.waiting();
    }

    /** Attempts to send that have ended. */
    long attempts() {
        return sender.attempts();
    }

    // ---- disk ---------------------------------------------------------------------------------------------------

    private void keep() {
        long confirmNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(confirmMillis);
        boolean confirmed = false;
        try {
            while (!closing) {
                long left = TimeUnit.NANOSECONDS.toMillis(confirmNanos - System.nanoTime());
                if (!confirmed && left <= 0) {
                    confirmed = true;
                    book.clearUnconfirmed();
                }
                List<Change> changes = book.awaitChanges(confirmed ? DISK_RETRY_MILLIS : Math.max(1, left));
                if (!changes.isEmpty() || file.wantsRewrite()) {
                    store(changes);
                }
            }
            store(book.awaitChanges(0));
            file.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.warn("the file of the alarms does not close cleanly", e);
        }
    }

    private void store(List<Change> changes) throws InterruptedException {
        try {
            if (file.wantsRewrite()) {
                Snapshot all = book.snapshot();
                file.rewrite(all);
                book.kept(all.lastNumber());
            } else {
                file.append(changes);
                book.kept(changes);
            }
        } catch (IOException e) {
            LOG.error("the alarms can't be kept on disk; they are sent all the same, and tried again", e);
            book.kept(Alarm.MAX_ID);
            if (!closing) {
                book.pause(DISK_RETRY_MILLIS);
            }
        }
    }

    @Override
    public void close() {
        closing = true;
        book.close();
        sender.close();
        join(keeper);
    }

    /** Waits for a thread that was told to end. */
    static void join(Thread thread) {
        try {
            thread.join(CLOSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
