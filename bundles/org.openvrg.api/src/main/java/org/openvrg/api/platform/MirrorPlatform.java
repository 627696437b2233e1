package org.openvrg.api.platform;

import java.net.URI;
import org.openvrg.api.failure.PlatformException;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/** A platform whose hypervisor keeps the disk and mirrors every write into an export of the gateway. */
@ConsumerType
public interface MirrorPlatform extends HypervisorPlatform {
    /**
     * Starts to mirror the writes of a disk, and keeps at it until the capture is closed: when the guest is restarted,
     * migrated to another host of the platform or the connection breaks, the listener is told that the capture was
     * lost, and that it is live again once it is. Returns once the request was accepted; the listener tells the rest.
     *
     * @param export the NBD export that takes the writes, as an {@code nbd://}, {@code nbds://} or {@code nbd+unix://}
     *     URI; it has the size of the disk as {@link #open} tells it, and takes writes from now on
     * @throws PlatformException when the disk can't be captured
     */
    Capture startCapture(DiskRef disk, URI export, CaptureListener listener) throws PlatformException;

    /**
     * A capture under way. {@link #close()} ends it within five seconds and leaves the VM running; what the host would
     * need in order to tell of unseen writes later is kept. No call of the listener comes after it has returned.
     */
    @ConsumerType
    interface Capture extends AutoCloseable {
        @Override
        void close() throws PlatformException;

        /** Closes for good: nothing of the capture is left at the host. */
        void forget() throws PlatformException;
    }

    /** Tells what becomes of a capture; one call at a time, on any thread. */
    @ProviderType
    interface CaptureListener {
        /**
         * From before this call on the export is given every write of the guest. Once the call has returned the gateway
         * has noted the unseen writes, and the host may forget them.
         *
         * @param unseen what the guest may have written while its writes did not reach the export
         */
        void live(UnseenWrites unseen);

        /**
         * The capture ended: what is written from now on is not seen, until the next {@link #live}. To be called before
         * the hypervisor connects to the export anew, also when the capture did not come to be live: connections of
         * before take no write any more.
         */
        void lost(String reason);

        /**
         * The disk is no longer what it was when the capture started (another size): it has to be closed and started
         * anew.
         */
        void replaced(String reason);
    }
}
