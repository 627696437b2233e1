package org.openvrg.wire;

/**
 * Limits and times of a {@link LaneTransport}.
 *
 * @param heartbeatIntervalMillis a lane that sent nothing for this long sends a heartbeat, 10..60,000
 * @param peerTimeoutMillis a lane that got nothing for this long, while it was reading, is closed; at least twice the
 *     heartbeat interval, at most 600,000
 * @param connectTimeoutMillis most time for the TCP connection, 1..60,000
 * @param handshakeTimeoutMillis most time for TLS or the clear preface, 1..60,000
 * @param bandwidthLimitBytesPerSecond over all lanes together, 0 for none
 * @param highWaterBytes a lane with more waiting to be sent is not writable
 * @param lowWaterBytes it is writable again below this
 * @param maxConnections most accepted connections at a time; more are closed at once
 * @param eventLoopThreads threads that serve the lanes, 1..64
 */
public record LaneSettings(
        int heartbeatIntervalMillis,
        int peerTimeoutMillis,
        int connectTimeoutMillis,
        int handshakeTimeoutMillis,
        long bandwidthLimitBytesPerSecond,
        int highWaterBytes,
        int lowWaterBytes,
        int maxConnections,
        int eventLoopThreads) {
    private static final int MAX_TIME_MILLIS = 60_000;
    private static final int MAX_PEER_TIMEOUT_MILLIS = 600_000;
    private static final int MAX_WATER_BYTES = 64 * 1024 * 1024;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException names what is out of range
     */
    public LaneSettings {
        check("heartbeat-interval-millis", heartbeatIntervalMillis, 10, MAX_TIME_MILLIS);
        check("peer-timeout-millis", peerTimeoutMillis, 2L * heartbeatIntervalMillis, MAX_PEER_TIMEOUT_MILLIS);
        check("connect-timeout-millis", connectTimeoutMillis, 1, MAX_TIME_MILLIS);
        check("handshake-timeout-millis", handshakeTimeoutMillis, 1, MAX_TIME_MILLIS);
        check("bandwidth-limit-bytes-per-second", bandwidthLimitBytesPerSecond, 0, Long.MAX_VALUE);
        check("high-water-bytes", highWaterBytes, 2, MAX_WATER_BYTES);
        check("low-water-bytes", lowWaterBytes, 1, highWaterBytes - 1);
        check("max-connections", maxConnections, 1, 65_536);
        check("event-loop-threads", eventLoopThreads, 1, 64);
    }

    private static void check(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + " is " + value + "; it must be " + least + " to " + most);
        }
    }

    /** What fits most sites. */
    public static LaneSettings defaults() {
        return new LaneSettings(1000, 4000, 4000, 5000, 0, 2 * 1024 * 1024, 1024 * 1024, 64, 2);
    }

    /** The same with other heartbeat times. */
    public LaneSettings withHeartbeat(int intervalMillis, int timeoutMillis) {
        return new LaneSettings(
                intervalMillis,
                timeoutMillis,
                connectTimeoutMillis,
                handshakeTimeoutMillis,
                bandwidthLimitBytesPerSecond,
                highWaterBytes,
                lowWaterBytes,
                maxConnections,
                eventLoopThreads);
    }

    /** The same with another bandwidth limit, 0 for none. */
    public LaneSettings withBandwidthLimit(long bytesPerSecond) {
        return new LaneSettings(
                heartbeatIntervalMillis,
                peerTimeoutMillis,
                connectTimeoutMillis,
                handshakeTimeoutMillis,
                bytesPerSecond,
                highWaterBytes,
                lowWaterBytes,
                maxConnections,
                eventLoopThreads);
    }
}
