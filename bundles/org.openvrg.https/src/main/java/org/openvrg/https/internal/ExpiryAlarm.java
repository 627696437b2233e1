package org.openvrg.https.internal;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.openvrg.api.service.AlarmService;

/**
 * Raises an alarm when the certificate is near its end, and clears it once there is one that is not. Tells each alarm
 * service only what has changed. Not thread-safe.
 */
final class ExpiryAlarm {
    /** How long before its end a certificate is told of. */
    static final Duration AHEAD = Duration.ofDays(30);

    private static final String SUBJECT = "https";

    private Optional<AlarmService> told = Optional.empty();
    private Optional<String> text = Optional.empty();

    /** Looks at the certificate that is served. */
    void check(X509Certificate certificate, Instant now, Optional<AlarmService> alarms) {
        Instant end = certificate.getNotAfter().toInstant();
        Optional<String> wanted = now.plus(AHEAD).isBefore(end)
                ? Optional.empty()
                : Optional.of("the certificate of HTTPS ends at " + end
                        + "; put another one in its place, see docs/configuration.md");
        if (alarms.isEmpty() || (alarms.equals(told) && wanted.equals(text))) {
            return;
        }
        AlarmService service = alarms.get();
        wanted.ifPresentOrElse(
                why -> service.raise(AlarmService.Kind.CERTIFICATE_EXPIRY, SUBJECT, why),
                () -> service.clear(AlarmService.Kind.CERTIFICATE_EXPIRY, SUBJECT));
        told = alarms;
        text = wanted;
    }
}
