package org.openvrg.https.internal;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTPS port of a server. Not thread-safe.
 *
 * <p>A port that can't be opened or a certificate that can't be read is logged and tried again by {@link #tend}; it
 * never keeps the server from serving plain HTTP. A certificate whose file changes is served from then on, without
 * touching connections that are open.
 */
final class HttpsPort {
    private static final Logger LOG = LoggerFactory.getLogger(HttpsPort.class);
    private static final Duration HSTS = Duration.ofDays(365);
    private static final int ACCEPTORS = 1;
    private static final int SELECTORS = 1;
    private static final int CONNECTIONS_UNDER_TLS = 2;

    private final Server server;
    private final Settings settings;
    private final CredentialStore store;
    private Optional<ServerConnector> connector = Optional.empty();
    private Optional<SslContextFactory.Server> tls = Optional.empty();
    private Optional<Credential> served = Optional.empty();
    private String version = "";
    private String problem = "";

    HttpsPort(Server server, Settings settings) {
        this.server = server;
        this.settings = settings;
        this.store = new CredentialStore(settings);
    }

    /** What is served. */
    Optional<Credential> served() {
        return served;
    }

    /** Opens the port where it is not open, and takes up a certificate that has changed. */
    void tend(Instant now) {
        try {
            if (connector.isEmpty()) {
                open(now);
            } else if (!version.equals(store.version())) {
                renew(now);
            }
            problem = "";
        } catch (Exception e) { // Jetty declares Exception
            String text = String.valueOf(e.getMessage());
            if (!text.equals(problem)) {
                LOG.error("HTTPS at {} port {}: {}", settings.address(), settings.port(), text, e);
            }
            problem = text;
        }
    }

    private void open(Instant now) throws Exception {
        Credential credential = store.loadOrMake(now);
        SslContextFactory.Server factory = TlsPolicy.factory(credential);
        HttpConfiguration http = new HttpConfiguration();
        SecureRequestCustomizer secure = new SecureRequestCustomizer();
        // A client may come by any name or address; the certificate is what it checks.
        secure.setSniHostCheck(false);
        secure.setStsMaxAge(HSTS.toSeconds());
        http.addCustomizer(secure);
        ServerConnector made = new ServerConnector(
                server,
                null,
                null,
                null,
                ACCEPTORS,
                SELECTORS,
                new SslConnectionFactory(factory, "http/1.1"),
                new HttpConnectionFactory(http));
        made.setName("https");
        made.setHost(settings.address());
        made.setPort(settings.port());
        WebLimits.apply(made, settings.limits(), CONNECTIONS_UNDER_TLS);
        server.addConnector(made);
        try {
            made.start();
        } catch (Exception e) {
            server.removeConnector(made);
            throw e;
        }
        connector = Optional.of(made);
        tls = Optional.of(factory);
        serve(credential);
    }

    private void renew(Instant now) throws Exception {
        Credential credential = store.loadOrMake(now);
        tls.orElseThrow(() -> new IOException("the port is closed"))
                .reload(factory -> TlsPolicy.use(factory, credential));
        serve(credential);
    }

    private void serve(Credential credential) throws IOException {
        served = Optional.of(credential);
        version = store.version();
        LOG.info("HTTPS at {} port {} with {}", settings.address(), settings.port(), credential);
    }

    /** Closes the port. */
    void close() {
        connector.ifPresent(open -> {
            try {
                open.stop();
            } catch (Exception e) { // Jetty declares Exception
                LOG.warn("HTTPS did not stop cleanly", e);
            }
            server.removeConnector(open);
        });
        connector = Optional.empty();
        tls = Optional.empty();
        served = Optional.empty();
    }
}
