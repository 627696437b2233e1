package org.openvrg.alarm.internal;

import java.time.Instant;
import org.openvrg.api.service.Alarm;

/**
 * What the alarm server is told once: that an alarm was raised, or cleared.
 *
 * @param number the next one for each, 1 to {@link Alarm#MAX_ID}; the same whenever it is sent again
 * @param raised whether it was raised, else cleared
 * @param at when that was
 * @param alarm the alarm; its text is that of this notification
 */
record Notification(long number, boolean raised, Instant at, Alarm alarm) {}
