package org.openvrg.alarm.internal;

import org.openvrg.api.service.Alarm;

/** A change of what outlives a restart. */
sealed interface Change {
    /** An alarm is raised, or has a new text. */
    record Raised(Alarm alarm) implements Change {}

    /** The alarm with this id is not raised any more. */
    record Cleared(long id) implements Change {}

    /** A notification waits. */
    record Queued(Notification notification) implements Change {}

    /** The notification with this number does not wait any more. */
    record Done(long number) implements Change {}
}
