package org.openvrg.control.internal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openvrg.api.service.AlarmService;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs alarms and remembers which are raised. Thread-safe.
 *
 * <p>At most {@link #MAX_RAISED} are remembered; one more pushes the oldest out, which is logged.
 */
public class AlarmLog implements AlarmService {
    /** Most alarms that are remembered as raised. */
    static final int MAX_RAISED = 10_000;

    private static final Logger LOG = LoggerFactory.getLogger(AlarmLog.class);

    private final int maxRaised;
    private final Map<Key, String> raised = new LinkedHashMap<>();

    private record Key(Kind kind, String subject) {}

    /** An alarm that is raised and not cleared. */
    public record Raised(Kind kind, String subject, String text) {}

    /** Without alarms. */
    AlarmLog(int maxRaised) {
        this.maxRaised = maxRaised;
    }

    @Override
    public synchronized void raise(Kind kind, String subject, String text) {
        String before = raised.put(new Key(kind, subject), text);
        if (text.equals(before)) {
            return;
        }
        LOG.warn("alarm {} raised for {}: {}", kind, subject, text);
        if (raised.size() > maxRaised) {
            Key oldest = raised.keySet().iterator().next();
            raised.remove(oldest);
            LOG.warn(
                    "more than {} alarms are raised; {} for {} is forgotten",
                    maxRaised,
                    oldest.kind(),
                    oldest.subject());
        }
    }

    @Override
    public synchronized void clear(Kind kind, String subject) {
        if (raised.remove(new Key(kind, subject)) != null) {
            LOG.info("alarm {} cleared for {}", kind, subject);
        }
    }

    /** What is raised, the oldest first. */
    public synchronized List<Raised> raised() {
        return raised.entrySet().stream()
                .map(entry -> new Raised(entry.getKey().kind(), entry.getKey().subject(), entry.getValue()))
                .toList();
    }
}
