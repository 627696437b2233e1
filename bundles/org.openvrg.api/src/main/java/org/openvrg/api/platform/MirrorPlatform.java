package org.openvrg.api.platform;

import java.net.URI;
import org.openvrg.api.failure.PlatformException;
import org.osgi.annotation.versioning.ConsumerType;

/** A platform whose hypervisor keeps the disk and mirrors every write into an export of the gateway. */
@ConsumerType
public interface MirrorPlatform extends HypervisorPlatform {
    /**
     * Starts to mirror the writes of a disk. Returns once the request was accepted; the listener tells the rest.
     *
     * @param export the NBD export that takes the writes, as an {@code nbd://} or {@code nbds://} URI
     * @throws PlatformException when the disk can't be captured
     */
    Capture startCapture(DiskRef disk, URI export, CaptureListener listener) throws PlatformException;

    /** A capture under way; {@link #close()} ends it and leaves the VM running. */
    @ConsumerType
    interface Capture extends AutoCloseable {
        @Override
        void close() throws PlatformException;
    }

    /** Tells what becomes of a capture; calls come on any thread. */
    @org.osgi.annotation.versioning.ProviderType
    interface CaptureListener {
        /** From now on the export is given every write of the guest. */
        void live();

        /** The capture ended: what is written from now on is not seen. */
        void lost(String reason);
    }
}
