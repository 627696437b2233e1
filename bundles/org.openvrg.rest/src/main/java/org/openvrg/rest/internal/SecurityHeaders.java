package org.openvrg.rest.internal;

import java.util.Map;

/**
 * The headers that every answer has: nothing is cached, as answers may hold tokens; nothing is taken for anything but
 * JSON, shown in a frame or told to other sites.
 */
final class SecurityHeaders {
    /** By name. */
    static final Map<String, String> ALL = Map.of(
            "Cache-Control", "no-store",
            "X-Content-Type-Options", "nosniff",
            "X-Frame-Options", "DENY",
            "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'",
            "Referrer-Policy", "no-referrer");

    private SecurityHeaders() {}
}
