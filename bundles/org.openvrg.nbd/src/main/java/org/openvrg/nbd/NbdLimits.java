package org.openvrg.nbd;

/**
 * Bounds of one server, so that no client can take more than its share of memory.
 *
 * @param connections open connections at once, further ones are closed at accept
 * @param requestsPerConnection requests that one connection may have under way; beyond, it is not read from
 * @param bytesPerConnection payload that one connection may have in memory
 * @param bytesInTotal payload that all connections together may have in memory
 * @param handshakeMillis time from accept to transmission
 */
public record NbdLimits(
        int connections, int requestsPerConnection, long bytesPerConnection, long bytesInTotal, long handshakeMillis) {
    /** Longest payload of one READ or WRITE, announced as the maximum block size. */
    public static final int MAX_PAYLOAD_BYTES = 32 << 20;
    /** Connections when nothing is configured. */
    public static final int DEFAULT_CONNECTIONS = 20_000;
    /** Most connections that can be configured. */
    public static final int MAX_CONNECTIONS = 100_000;
    /** Requests under way on one connection; QEMU sends up to 16, fio what its depth says. */
    public static final int DEFAULT_REQUESTS_PER_CONNECTION = 128;
    /** Payload of one connection: two requests of the longest kind. */
    public static final long DEFAULT_BYTES_PER_CONNECTION = 2L * MAX_PAYLOAD_BYTES;
    /** Payload of all connections. */
    public static final long DEFAULT_BYTES_IN_TOTAL = 256L << 20;
    /** Time for a handshake. */
    public static final long DEFAULT_HANDSHAKE_MILLIS = 30_000;

    /** Checks the ranges. */
    public NbdLimits {
        inRange("max-connections", connections, 1, MAX_CONNECTIONS);
        inRange("requests per connection", requestsPerConnection, 1, 65_536);
        inRange("bytes per connection", bytesPerConnection, MAX_PAYLOAD_BYTES, Integer.MAX_VALUE);
        inRange("bytes in total", bytesInTotal, MAX_PAYLOAD_BYTES, Long.MAX_VALUE);
        inRange("handshake milliseconds", handshakeMillis, 1, 3_600_000);
    }

    /** The defaults. */
    public static NbdLimits defaults() {
        return new NbdLimits(
                DEFAULT_CONNECTIONS,
                DEFAULT_REQUESTS_PER_CONNECTION,
                DEFAULT_BYTES_PER_CONNECTION,
                DEFAULT_BYTES_IN_TOTAL,
                DEFAULT_HANDSHAKE_MILLIS);
    }

    /** The same with another number of connections. */
    public NbdLimits withConnections(int number) {
        return new NbdLimits(number, requestsPerConnection, bytesPerConnection, bytesInTotal, handshakeMillis);
    }

    private static void inRange(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + ": " + value + " is not within " + least + ".." + most);
        }
    }
}
