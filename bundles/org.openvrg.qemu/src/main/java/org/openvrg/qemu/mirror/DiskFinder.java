package org.openvrg.qemu.mirror;

import org.openvrg.api.failure.PlatformException;

/** Finds a disk wherever it runs now; any thread may call, and it may block for some seconds. */
@FunctionalInterface
public interface DiskFinder {
    /**
     * The disk.
     *
     * @throws PlatformException while it runs nowhere, or must be left alone, with the reason
     */
    LiveDisk find() throws PlatformException;
}
