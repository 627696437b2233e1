package org.openvrg.simulator;

/** Threads of a process: what may go on while one of them is stuck in the disk. */
enum Pool {
    /** Not a process at all. */
    WORLD(true),
    /** The guest's writes. */
    INGEST(true),
    /** Clocks. */
    TIMER(true),
    /** The network's event loop. */
    NETWORK(true),
    /** Whatever else uses the disk. */
    WORK(false);

    private final boolean runsBesideBlocked;

    Pool(boolean runsBesideBlocked) {
        this.runsBesideBlocked = runsBesideBlocked;
    }

    boolean runsBesideBlocked() {
        return runsBesideBlocked;
    }
}
