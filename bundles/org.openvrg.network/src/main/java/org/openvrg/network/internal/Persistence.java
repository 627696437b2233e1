package org.openvrg.network.internal;

import java.io.IOException;

/** Keeps the settings of an interface for the next boot, where the network manager of the machine reads them. */
interface Persistence {
    /** Fails, and changes nothing, where {@link #write} could not work. */
    void check(String device) throws IOException;

    /** Writes the settings; doing so again is fine. */
    void write(String device, Snapshot target) throws IOException;
}
