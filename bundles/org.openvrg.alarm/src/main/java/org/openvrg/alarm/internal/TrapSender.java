package org.openvrg.alarm.internal;

import java.time.Clock;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.openvrg.api.service.AlarmAdmin.Server;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what waits in the book to the alarm server, one after the other on a thread of its own: so a clear never comes
 * before its raise. What is not acknowledged is sent again until it expires; a trap counts as sent once it left.
 */
final class TrapSender implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TrapSender.class);

    private final AlarmBook book;
    private final UUID gateway;
    private final EngineBoots boots;
    private final Clock clock;
    private final Thread thread;
    private final long startNanos = System.nanoTime();
    private volatile Optional<Route> route = Optional.empty();
    private volatile boolean closing;
    private Optional<SnmpSession> session = Optional.empty();
    private boolean failing;
    private final AtomicLong attempts = new AtomicLong();

    /** Where to send, and how. */
    record Route(Server server, Settings settings) {
        @Override
        public String toString() {
            return server.ip() + " port " + server.port();
        }
    }

    TrapSender(AlarmBook book, UUID gateway, EngineBoots boots, Clock clock) {
        this.book = book;
        this.gateway = gateway;
        this.boots = boots;
        this.clock = clock;
        this.thread = new Thread(this::run, "vrg-alarm-sender");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Sends there from now on; empty: nowhere. */
    void route(Optional<Route> to) {
        route = to;
        book.nudge();
    }

    private void run() {
        try {
            Optional<Notification> head = next();
            while (head.isPresent()) {
                Optional<Route> to = route;
                if (to.isPresent()) {
                    send(to.get(), head.get());
                }
                head = next();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            hangUp();
        }
    }

    private Optional<Notification> next() throws InterruptedException {
        return book.awaitHead(() -> route.isPresent());
    }

    private void send(Route to, Notification notification) throws InterruptedException {
        int expired = book.expire(clock.instant().minus(to.settings().expiry()));
        if (expired > 0) {
            LOG.error("{} notifications were not acknowledged in time and are not sent any more", expired);
            return;
        }
        SnmpSession.Outcome outcome = attempt(to, notification);
        attempts.incrementAndGet();
        if (closing) {
            return;
        }
        if (outcome.delivered()) {
            book.done(notification.number());
            if (failing) {
                LOG.info("the alarm server {} takes notifications again", to);
            }
            failing = false;
            if (book.waiting() == 0) {
                hangUp(); // no port is open without need
            }
            return;
        }
        if (!failing) {
            LOG.warn(
                    "the alarm server {} does not take notifications: {}; {} wait",
                    to,
                    outcome.problem(),
                    book.waiting());
        }
        failing = true;
        hangUp(); // this gateway's address may change before the next attempt
        if (route.equals(Optional.of(to))) {
            book.pause(to.settings().retry().toMillis());
        }
    }

    /** Attempts that have ended. */
    long attempts() {
        return attempts.get();
    }

    private SnmpSession.Outcome attempt(Route to, Notification notification) {
        if (session.isPresent() && !session.get().route().equals(to)) {
            hangUp();
        }
        if (session.isEmpty()) {
            session = Optional.of(new SnmpSession(to, gateway, boots));
        }
        return session.get().deliver(notification, (System.nanoTime() - startNanos) / 10_000_000);
    }

    private void hangUp() {
        session.ifPresent(SnmpSession::close);
        session = Optional.empty();
    }

    /** Ends after the attempt under way, which is cut short. */
    @Override
    public void close() {
        closing = true;
        thread.interrupt();
        AlarmCenter.join(thread);
    }
}
