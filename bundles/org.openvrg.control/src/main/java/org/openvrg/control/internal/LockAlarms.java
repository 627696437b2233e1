package org.openvrg.control.internal;

import java.time.Clock;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.service.AlarmService;

/** Raises an alarm for every account that is locked, and clears it when the lock ends. Thread-safe. */
final class LockAlarms implements AutoCloseable {
    private final AlarmService alarms;
    private final Clock clock;
    private final Map<String, Long> lockedUntilMillis = new ConcurrentHashMap<>();
    private final ScheduledThreadPoolExecutor timer;

    LockAlarms(AlarmService alarms, Clock clock) {
        this.alarms = alarms;
        this.clock = clock;
        this.timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "vrg-account-locks");
            thread.setDaemon(true);
            return thread;
        });
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /**
     * Tells how an account stands now.
     *
     * @param untilMillis wall clock at which its lock ends; in the past, or 0, when it is not locked
     */
    void tell(String user, long untilMillis) {
        long left = untilMillis - clock.millis();
        if (left <= 0 || left > Users.LOCK_TIME.toMillis()) {
            lockedUntilMillis.remove(user);
            alarms.clear(AlarmService.Kind.ACCOUNT_LOCKED, user);
            return;
        }
        lockedUntilMillis.put(user, untilMillis);
        alarms.raise(
                AlarmService.Kind.ACCOUNT_LOCKED,
                user,
                "the account of " + user + " is locked for " + Users.LOCK_TIME.toMinutes() + " minutes after "
                        + Users.MAX_FAILURES + " wrong passwords");
        timer.schedule(() -> endLock(user), left, TimeUnit.MILLISECONDS);
    }

    private void endLock(String user) {
        Long until = lockedUntilMillis.get(user);
        if (until != null) {
            tell(user, until);
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
