package org.openvrg.control.internal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openvrg.api.service.AlarmService;

/** Remembers which alarms are raised. */
final class RaisedAlarms implements AlarmService {
    private final Map<String, String> raised = new LinkedHashMap<>();

    @Override
    public synchronized void raise(Kind kind, String subject, String text) {
        raised.put(kind + " " + subject, text);
    }

    @Override
    public synchronized void clear(Kind kind, String subject) {
        raised.remove(kind + " " + subject);
    }

    /** Kind, a space and subject of each. */
    synchronized List<String> raised() {
        return List.copyOf(raised.keySet());
    }
}
