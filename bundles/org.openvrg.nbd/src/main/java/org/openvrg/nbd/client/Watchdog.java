package org.openvrg.nbd.client;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.openvrg.api.failure.StorageException;

/**
 * Breaks a connection on which a server takes longer than it may, so that the thread that waits for it comes back:
 * channels have no time-out of their own. The clock is the JDK's, there is no thread for each connection. Stateless.
 */
final class Watchdog {
    private Watchdog() {}

    /** What a server has to answer. */
    interface Exchange<T> {
        /** Sends and receives. */
        T run() throws IOException, StorageException;
    }

    /**
     * Runs an exchange. Where it takes longer than the limit, the transport is closed under it.
     *
     * @throws IOException also when the time was over
     */
    static <T> T watch(NbdTransport transport, Optional<Duration> limit, Exchange<T> exchange)
            throws IOException, StorageException {
        if (limit.isEmpty()) {
            return exchange.run();
        }
        CompletableFuture<Void> answered = new CompletableFuture<>();
        CompletableFuture<Void> watched = answered.orTimeout(limit.get().toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete((unused, late) -> {
                    if (late instanceof TimeoutException) {
                        hangUp(transport);
                    }
                });
        try {
            return exchange.run();
        } catch (IOException e) {
            if (watched.isCompletedExceptionally() || answered.isCompletedExceptionally()) {
                throw new IOException(
                        "the NBD server did not answer within " + limit.get().toMillis() + " ms", e);
            }
            throw e;
        } finally {
            answered.complete(null);
        }
    }

    private static void hangUp(NbdTransport transport) {
        try {
            transport.close();
        } catch (IOException e) {
            // shows in the future; who waits fails all the same at its next byte
            throw new java.io.UncheckedIOException(e);
        }
    }
}
