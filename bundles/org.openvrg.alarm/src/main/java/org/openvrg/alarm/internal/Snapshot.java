package org.openvrg.alarm.internal;

import java.util.List;
import org.openvrg.api.service.Alarm;

/**
 * All that outlives a restart.
 *
 * @param raised alarms, the oldest first
 * @param queue notifications that wait, the oldest first
 * @param lastId largest id that an alarm ever had
 * @param lastNumber largest number that a notification ever had
 */
record Snapshot(List<Alarm> raised, List<Notification> queue, long lastId, long lastNumber) {
    static final Snapshot EMPTY = new Snapshot(List.of(), List.of(), 0, 0);

    /** Entries in it. */
    int size() {
        return raised.size() + queue.size();
    }
}
