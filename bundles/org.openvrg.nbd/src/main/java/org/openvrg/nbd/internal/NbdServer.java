package org.openvrg.nbd.internal;

import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.block.ExportCatalog;
import org.openvrg.api.service.Identity;
import org.openvrg.nbd.NbdSettings;
import org.openvrg.nbd.TlsMode;

/**
 * An NBD server over the exports of any number of catalogs. Without one it runs and knows no export. Made, started and
 * closed once; thread-safe.
 */
public final class NbdServer implements AutoCloseable {
    private final NbdSettings settings;
    private final Optional<Identity> identity;
    private final List<ExportCatalog> early = new ArrayList<>();
    private Optional<ServerEngine> engine = Optional.empty();

    /** With TLS, if the settings say so, under the gateway's own certificate. */
    public NbdServer(NbdSettings settings, Identity identity) {
        this(settings, Optional.of(identity));
    }

    /** Without TLS. */
    public NbdServer(NbdSettings settings) {
        this(settings, Optional.empty());
    }

    private NbdServer(NbdSettings settings, Optional<Identity> identity) {
        if (identity.isEmpty() && settings.tls() != TlsMode.OFF) {
            throw new IllegalArgumentException("tls: " + settings.tls() + " needs an identity");
        }
        this.settings = settings;
        this.identity = identity;
    }

    /**
     * Binds and serves.
     *
     * @throws IOException if the address can't be bound or the certificate can't be used
     */
    public synchronized void start() throws IOException {
        if (engine.isPresent()) {
            throw new IllegalStateException("the NBD server was started already");
        }
        Optional<SslContext> tls = settings.tls() == TlsMode.OFF
                ? Optional.empty()
                : Optional.of(TlsContext.of(identity.orElseThrow(), settings.clientFingerprints()));
        ServerEngine started = ServerEngine.start(settings, tls);
        early.forEach(started::add);
        engine = Optional.of(started);
    }

    /** Serves the exports of a catalog as well. */
    public synchronized void add(ExportCatalog catalog) {
        engine.ifPresentOrElse(running -> running.add(catalog), () -> early.add(catalog));
    }

    /** Serves them no more; their connections end. */
    public synchronized void remove(ExportCatalog catalog) {
        early.remove(catalog);
        engine.ifPresent(running -> running.remove(catalog));
    }

    /** The port that is listened on, once started. */
    public int port() {
        return running().port();
    }

    /** Open connections. */
    public int connectionCount() {
        return running().connectionCount();
    }

    /** Payload bytes that are in memory for requests under way. */
    public long payloadBytes() {
        return running().payloadBytes();
    }

    private synchronized ServerEngine running() {
        return engine.orElseThrow(() -> new IllegalStateException("the NBD server was not started"));
    }

    /** Stops listening and ends all connections; may be called twice. Requests under way keep their buffers. */
    @Override
    public void close() {
        Optional<ServerEngine> stopped;
        synchronized (this) {
            stopped = engine;
        }
        stopped.ifPresent(ServerEngine::close);
    }
}
