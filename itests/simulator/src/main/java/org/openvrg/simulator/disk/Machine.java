package org.openvrg.simulator.disk;

import java.io.IOException;

/** What a process does to its disk, seen by whoever plays the machine. */
public interface Machine {
    /** Kinds of access. */
    enum Access {
        /** Bytes of a file are read. */
        READ,
        /** Bytes of a file are written, or its length is changed. */
        WRITE,
        /** A file is brought to stable storage. */
        SYNC,
        /** A name is made, changed or removed. */
        NAME
    }

    /**
     * Called before an access is carried out; may take time, or end the process.
     *
     * @param file its path
     * @return whether the process dies within the access, which may be carried out in part
     * @throws IOException to make it fail
     */
    boolean before(Access access, String file) throws IOException;

    /** Ends the process that was to die within an access. */
    void die();

    /** Whether the process lives that took a lock. */
    boolean alive();
}
