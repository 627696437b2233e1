package org.openvrg.https.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.openvrg.api.service.AlarmService;

class ExpiryAlarmTest {
    private static final Instant NOW = Instant.parse("2030-01-01T00:00:00Z");

    private final List<String> told = new ArrayList<>();
    private final ExpiryAlarm alarm = new ExpiryAlarm();

    private final class Recorder implements AlarmService {
        @Override
        public void raise(Kind kind, String subject, String text) {
            told.add("raise " + kind + " " + subject);
        }

        @Override
        public void clear(Kind kind, String subject) {
            told.add("clear " + kind + " " + subject);
        }
    }

    private void check(Duration left, Optional<AlarmService> service) throws Exception {
        Credential credential = CertificateMaker.make(List.of(), left, NOW);
        alarm.check(credential.certificate(), NOW, service);
    }

    @Test
    void raisesThirtyDaysAheadAndClearsAfterARenewal() throws Exception {
        Optional<AlarmService> service = Optional.of(new Recorder());
        check(Duration.ofDays(31), service);
        check(Duration.ofDays(31), service);
        check(Duration.ofDays(29), service);
        check(Duration.ofDays(29), service);
        check(Duration.ofDays(-1), service);
        check(Duration.ofDays(365), service);
        assertEquals(
                List.of(
                        "clear CERTIFICATE_EXPIRY https",
                        "raise CERTIFICATE_EXPIRY https",
                        "raise CERTIFICATE_EXPIRY https",
                        "clear CERTIFICATE_EXPIRY https"),
                told);
    }

    @Test
    void tellsAnAlarmServiceThatComesLater() throws Exception {
        check(Duration.ofDays(1), Optional.empty());
        check(Duration.ofDays(1), Optional.of(new Recorder()));
        check(Duration.ofDays(1), Optional.of(new Recorder()));
        assertEquals(List.of("raise CERTIFICATE_EXPIRY https", "raise CERTIFICATE_EXPIRY https"), told);
    }
}
