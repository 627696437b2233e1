package org.openvrg.https.internal;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.servlet.ServletException;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.AbstractHandler;
import org.eclipse.jetty.util.component.LifeCycle;
import org.openvrg.api.service.AlarmService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Adds HTTPS and limits to the web server of the container. Thread-safe.
 *
 * <p>Being a handler is how the container hands over its server, a new one whenever it starts the server anew. The limits
 * are put on before the ports open; HTTPS opens once the server runs. Requests pass by, but for the handlers of other
 * bundles that take part as guests: they come before all servlets, and may come and go while the server runs.
 */
class WebServerHandler extends AbstractHandler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WebServerHandler.class);
    private static final long SWEEP_MILLIS = 1_000;
    private static final int SWEEPS_PER_TENDING = 5;

    private final Object lock = new Object();
    private final ExpiryAlarm expiry = new ExpiryAlarm();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "vrg-https");
        thread.setDaemon(true);
        return thread;
    });
    private Settings settings;
    private SlowClients slow;
    private Optional<Server> running = Optional.empty();
    private Optional<HttpsPort> port = Optional.empty();
    private Optional<AlarmService> alarms = Optional.empty();
    private final List<AbstractHandler> guests = new CopyOnWriteArrayList<>();
    private int sweeps;

    WebServerHandler(Settings settings) {
        this.settings = settings;
        this.slow = new SlowClients(settings.limits().request());
        timer.scheduleWithFixedDelay(this::tick, SWEEP_MILLIS, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void setServer(Server server) {
        if (server != null && server != getServer()) {
            prepare(server);
        }
        super.setServer(server);
    }

    private void prepare(Server server) {
        synchronized (lock) {
            for (Connector connector : server.getConnectors()) {
                WebLimits.apply(connector, settings.limits(), 1);
            }
        }
        EarlyErrors.install(server);
        server.addLifeCycleListener(new LifeCycle.Listener() {
            @Override
            public void lifeCycleStarted(LifeCycle event) {
                serve(server);
            }

            @Override
            public void lifeCycleStopping(LifeCycle event) {
                leave(server);
            }
        });
    }

    private void serve(Server server) {
        synchronized (lock) {
            running = Optional.of(server);
            guests.forEach(guest -> start(guest, server));
            open(server);
        }
    }

    private void leave(Server server) {
        synchronized (lock) {
            if (running.filter(known -> known == server).isPresent()) {
                port.ifPresent(HttpsPort::close);
                port = Optional.empty();
                running = Optional.empty();
                guests.forEach(WebServerHandler::stop);
            }
        }
    }

    private void open(Server server) {
        port.ifPresent(HttpsPort::close);
        port = settings.enabled() ? Optional.of(new HttpsPort(server, settings)) : Optional.empty();
        tend();
    }

    private void tend() {
        Instant now = Instant.now();
        port.ifPresent(open -> {
            open.tend(now);
            open.served().ifPresent(served -> expiry.check(served.certificate(), now, alarms));
        });
    }

    private void tick() {
        try {
            synchronized (lock) {
                running.ifPresent(server -> slow.sweep(List.of(server.getConnectors()), System.nanoTime()));
                sweeps = (sweeps + 1) % SWEEPS_PER_TENDING;
                if (sweeps == 0) {
                    tend();
                }
            }
        } catch (RuntimeException e) {
            LOG.error("the web server can't be tended; it goes on", e);
        }
    }

    /** New settings: HTTPS opens anew; the limits of plain HTTP follow when the server starts the next time. */
    void change(Settings changed) {
        synchronized (lock) {
            settings = changed;
            slow = new SlowClients(changed.limits().request());
            running.ifPresent(this::open);
        }
    }

    /** Where alarms go from now on. */
    void alarms(Optional<AlarmService> service) {
        synchronized (lock) {
            alarms = service;
            port.flatMap(HttpsPort::served)
                    .ifPresent(served -> expiry.check(served.certificate(), Instant.now(), alarms));
        }
    }

    /** Forgets an alarm service that goes. */
    void withoutAlarms(AlarmService gone) {
        synchronized (lock) {
            alarms = alarms.filter(known -> known != gone);
        }
    }

    /** A handler that takes part from now on. */
    void join(AbstractHandler guest) {
        synchronized (lock) {
            guests.add(guest);
            running.ifPresent(server -> start(guest, server));
        }
    }

    /** Ends {@link #join}. */
    void part(AbstractHandler guest) {
        synchronized (lock) {
            guests.remove(guest);
            stop(guest);
            running.ifPresent(EarlyErrors::install);
        }
    }

    private static void start(AbstractHandler guest, Server server) {
        try {
            guest.setServer(server);
            guest.start();
        } catch (Exception e) { // Jetty declares Exception
            LOG.error("a handler does not take part in the web server", e);
        }
    }

    private static void stop(AbstractHandler guest) {
        try {
            guest.stop();
        } catch (Exception e) { // Jetty declares Exception
            LOG.warn("a handler did not stop cleanly", e);
        }
    }

    @Override
    public void handle(String target, Request base, HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        for (AbstractHandler guest : guests) {
            if (!base.isHandled() && guest.isRunning()) {
                guest.handle(target, base, request, response);
            }
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
        synchronized (lock) {
            port.ifPresent(HttpsPort::close);
            port = Optional.empty();
            running = Optional.empty();
        }
    }
}
