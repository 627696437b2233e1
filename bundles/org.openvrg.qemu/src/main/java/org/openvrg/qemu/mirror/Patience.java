package org.openvrg.qemu.mirror;

import java.util.concurrent.TimeUnit;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.qemu.qmp.QmpException;

/** Waits for what QEMU does behind a command's answer. Stateless. */
final class Patience {
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final long POLL_MILLIS = 20;

    private Patience() {}

    /** Something that QEMU is asked for. */
    @FunctionalInterface
    interface Condition {
        boolean holds() throws QmpException;
    }

    /** Polls for some seconds; whatever asks next finds what did not come about. */
    static boolean until(Condition condition, String what) throws QmpException {
        long deadline = System.nanoTime() + LIMIT_NANOS;
        while (!condition.holds()) {
            if (System.nanoTime() > deadline || !pause()) {
                org.slf4j.LoggerFactory.getLogger(Patience.class).warn("Not within 3 s: {}", what);
                return false;
            }
        }
        return true;
    }

    private static boolean pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** A failure of QEMU in the words of the plug-in interface. */
    static PlatformException failed(QmpException cause) {
        return new PlatformException(String.valueOf(cause.getMessage()), cause);
    }
}
