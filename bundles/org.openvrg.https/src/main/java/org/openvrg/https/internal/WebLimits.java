package org.openvrg.https.internal;

import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.ConnectionLimit;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;

/** The limits that every port of the web server gets. The longest body is a limit of the REST application. Stateless. */
final class WebLimits {
    /** Longest request line and headers together, in bytes. */
    static final int MAX_HEADER_BYTES = 8 * 1024;

    /** Milliseconds that an idle connection has left once the limit of connections is reached. */
    private static final long CROWDED_IDLE_MILLIS = 2_000;

    private WebLimits() {}

    /**
     * Puts the limits on a connector that does not run yet.
     *
     * @param perConnection how many of the server's connection objects one TCP connection takes: 2 under TLS
     */
    static void apply(Connector connector, Settings.Limits limits, int perConnection) {
        HttpConnectionFactory http = connector.getConnectionFactory(HttpConnectionFactory.class);
        if (http != null) {
            apply(http.getHttpConfiguration());
        }
        if (connector instanceof AbstractConnector bounded) {
            bounded.setIdleTimeout(limits.idle().toMillis());
            ConnectionLimit limit = new ConnectionLimit(limits.connections() * perConnection, connector);
            limit.setIdleTimeout(CROWDED_IDLE_MILLIS);
            bounded.addBean(limit);
        }
    }

    /** What has nothing to do with connections. */
    static void apply(HttpConfiguration configuration) {
        configuration.setRequestHeaderSize(MAX_HEADER_BYTES);
        configuration.setSendServerVersion(false);
        configuration.setSendXPoweredBy(false);
    }
}
