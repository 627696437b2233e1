package org.openvrg.writeagent.internal;

import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openvrg.api.failure.LinkException;
import org.openvrg.api.file.BootId;
import org.openvrg.api.service.Identity;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.wire.LaneSettings;
import org.openvrg.wire.LaneTransport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The parts of a writeagent put together: port, threads, state. Thread-safe. */
final class Writeagent implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Writeagent.class);
    private static final int APPLY_THREADS =
            Math.max(4, Math.min(16, 2 * Runtime.getRuntime().availableProcessors()));
    private static final int HASH_THREADS =
            Math.max(2, Math.min(8, Runtime.getRuntime().availableProcessors()));
    private static final long STOP_SECONDS = 5;

    private final ExecutorService applyPool = Executors.newFixedThreadPool(APPLY_THREADS, threads("vrg-agent-apply-"));
    private final ExecutorService hashPool = Executors.newFixedThreadPool(HASH_THREADS, threads("vrg-agent-hash-"));
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(threads("vrg-agent-"));
    private final StateFolder states;
    private final AgentServer server;
    private final LaneTransport transport;
    private final int port;

    /**
     * Starts to listen.
     *
     * @throws IOException when the folder can't be used
     * @throws LinkException when the port can't be bound
     */
    Writeagent(Identity identity, Settings settings) throws IOException, LinkException {
        Enrolment enrolment = new Enrolment(identity, settings.trustedFingerprints(), settings.readSecret());
        states = new StateFolder(settings.directory(), new StateFile.Lives(BootId.current(), UUID.randomUUID()));
        server = new AgentServer(enrolment, states, new ProviderRegistry(), applyPool, hashPool);
        transport = new LaneTransport(identity, LaneSettings.defaults());
        try {
            port = transport.listen(settings.listen(), server, token -> false);
        } catch (LinkException e) {
            close();
            throw e;
        }
        clock.scheduleWithFixedDelay(this::tick, 1, 1, TimeUnit.SECONDS);
        LOG.info("Writeagent listens at {} port {}", settings.listen().getHostString(), port);
    }

    /** The port that it listens at. */
    int port() {
        return port;
    }

    /** A provider was deployed. */
    void addProvider(String volType, StorageProvider provider) {
        server.providerArrived(volType, provider);
    }

    /** A provider goes away; its volumes are closed on return. */
    void removeProvider(String volType, StorageProvider provider) {
        server.providerGone(volType, provider);
    }

    @Override
    public void close() {
        clock.shutdown();
        server.close();
        transport.close();
        applyPool.shutdown();
        hashPool.shutdown();
        try {
            // never interrupted: that would close image files under a write
            boolean ended = applyPool.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)
                    && hashPool.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS);
            if (!ended) {
                LOG.warn("Threads of the writeagent did not end in time, their storage does not answer");
            }
            states.close();
        } catch (IOException e) {
            LOG.warn("The lock of the writeagent's directory could not be closed: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tick() {
        try {
            server.tick();
        } catch (RuntimeException e) {
            LOG.error("The regular look at the volumes failed", e);
        }
    }

    private static ThreadFactory threads(String prefix) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, prefix + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }
}
