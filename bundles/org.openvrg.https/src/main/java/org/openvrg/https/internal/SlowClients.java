package org.openvrg.https.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes connections whose request takes longer to arrive than it may. The idle time-out of the server starts anew with
 * every byte, so a client that sends one now and then would hold a connection, and with a body a thread, for hours.
 *
 * <p>{@link #sweep} is to be called about once a second; a connection is closed at the second sweep after its time. A
 * new connection has the same time for its TLS handshake and its first byte. Not thread-safe.
 */
final class SlowClients {
    private static final Logger LOG = LoggerFactory.getLogger(SlowClients.class);

    private final long limitNanos;
    private Map<EndPoint, Arrival> arriving = new HashMap<>();

    /**
     * A request that has begun and not ended.
     *
     * @param number how many requests the connection had before
     */
    private record Arrival(long number, long sinceNanos) {}

    SlowClients(Duration limit) {
        this.limitNanos = limit.toNanos();
    }

    /** Looks at all connections of some ports. */
    void sweep(List<Connector> connectors, long nowNanos) {
        Map<EndPoint, Arrival> still = new HashMap<>();
        Set<EndPoint> late = new HashSet<>();
        for (Connector connector : connectors) {
            for (EndPoint endPoint : new ArrayList<>(connector.getConnectedEndPoints())) {
                HttpConnection http = http(endPoint.getConnection());
                if (http == null || !isArriving(http)) {
                    continue;
                }
                long number = http.getHttpChannel().getRequests();
                Arrival before = arriving.get(endPoint);
                Arrival now = before != null && before.number() == number ? before : new Arrival(number, nowNanos);
                if (nowNanos - now.sinceNanos() > limitNanos) {
                    late.add(endPoint);
                } else {
                    still.put(endPoint, now);
                }
            }
        }
        arriving = still;
        for (EndPoint endPoint : late) {
            LOG.info("the request from {} did not arrive in time; connection closed", endPoint.getRemoteAddress());
            endPoint.close();
        }
    }

    private static HttpConnection http(Connection connection) {
        if (connection instanceof SslConnection tls) {
            return http(tls.getDecryptedEndPoint().getConnection());
        }
        return connection instanceof HttpConnection http ? http : null;
    }

    private static boolean isArriving(HttpConnection http) {
        boolean first = http.getParser().isStart() && http.getHttpChannel().getRequests() == 0;
        return first || !http.getParser().isIdle();
    }
}
