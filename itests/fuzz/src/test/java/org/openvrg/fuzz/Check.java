package org.openvrg.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What fuzz targets demand. A failure is an {@link AssertionError}, which the fuzzer counts as a finding. */
public final class Check {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final int MEASUREMENTS = 3;

    private Check() {}

    /** Fails with a message unless something holds. */
    public static void that(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }

    /** Fails unless two values are equal. */
    public static void equal(Object expected, Object found, String what) {
        if (!expected.equals(found)) {
            throw new AssertionError(what + ": expected " + expected + ", found " + found);
        }
    }

    /** Something that may throw. */
    @FunctionalInterface
    public interface Action {
        void run() throws Exception;
    }

    /**
     * Fails when an action makes more bytes on the heap, live or not, than a bound. One that does is repeated, since
     * the classes that are loaded on the way, and instrumented, count too.
     *
     * @param action all of the work on one input, the same whenever it is run
     */
    public static void allocates(long mostBytes, Action action) throws Exception {
        long bytes = mostBytes + 1;
        for (int run = 0; run < MEASUREMENTS && bytes > mostBytes; run++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            action.run();
            bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
        }
        that(bytes <= mostBytes, "took " + bytes + " bytes on the heap, " + mostBytes + " are allowed");
    }
}
