package org.openvrg.qemu.libvirt;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The domains that run at a daemon, asked for again and again on a thread of its own. A daemon that is away or does not
 * answer leaves the list as it was, since the domains run on without it. Thread-safe.
 */
public final class LibvirtDomains implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LibvirtDomains.class);
    private static final long ANSWER_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(15);
    private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long NOTHING_ASKED = Long.MIN_VALUE;

    private final LibvirtUri uri;
    private final Optional<SSLContext> tls;
    private final Duration pause;
    private final Thread thread;
    private volatile List<LibvirtDomain> running = List.of();
    private volatile Optional<LibvirtRpc> connection = Optional.empty();
    private volatile long askedNanos = NOTHING_ASKED;
    private volatile boolean closed;
    private String lastFailure = "";

    /** Begins to ask. */
    public LibvirtDomains(LibvirtUri uri, Optional<SSLContext> tls, Duration pause) {
        this.uri = uri;
        this.tls = tls;
        this.pause = pause;
        this.thread = new Thread(this::run, "vrg-libvirt-" + uri);
        thread.setDaemon(true);
        thread.start();
    }

    /** Whether the daemon is there but has not answered for some time, so that it is of no use to ask it more. */
    public boolean isSilent() {
        long asked = askedNanos;
        return asked != NOTHING_ASKED && System.nanoTime() - asked > SILENT_NANOS;
    }

    /** The domains that ran when the daemon was last asked; also ends a question that has had no answer for too long. */
    public List<LibvirtDomain> running() {
        long asked = askedNanos;
        if (asked != NOTHING_ASKED && System.nanoTime() - asked > ANSWER_LIMIT_NANOS) {
            connection.ifPresent(this::end);
        }
        return running;
    }

    private void run() {
        while (!closed) {
            try (LibvirtRpc rpc = new LibvirtRpc(uri, tls)) {
                askedNanos = System.nanoTime();
                connection = Optional.of(rpc);
                rpc.open();
                while (!closed) {
                    askedNanos = System.nanoTime();
                    running = rpc.running();
                    askedNanos = NOTHING_ASKED;
                    if (!lastFailure.isEmpty()) {
                        LOG.info("{} answers again", uri);
                        lastFailure = "";
                    }
                    TimeUnit.MILLISECONDS.sleep(pause.toMillis());
                }
            } catch (IOException | RuntimeException e) {
                failed(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } finally {
                connection = Optional.empty();
                askedNanos = NOTHING_ASKED;
            }
            if (!rest()) {
                return;
            }
        }
    }

    private void failed(Exception cause) {
        String reason = String.valueOf(cause.getMessage());
        if (!closed && !reason.equals(lastFailure)) {
            LOG.warn("{} does not tell its domains: {}", uri, reason);
            lastFailure = reason;
        }
    }

    private boolean rest() {
        try {
            TimeUnit.MILLISECONDS.sleep(pause.toMillis());
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void end(LibvirtRpc rpc) {
        try {
            rpc.close();
        } catch (IOException e) {
            LOG.warn("The connection to {} can't be closed: {}", uri, e.getMessage());
        }
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        connection.ifPresent(this::end);
    }
}
