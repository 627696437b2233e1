package org.openvrg.api.platform;

import java.util.OptionalInt;
import java.util.Set;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A kind of hypervisor, an OSGi service with the property {@link #PLATFORM}. A platform is either an
 * {@link InlinePlatform} (the gateway's export is the disk) or a {@link MirrorPlatform} (the hypervisor writes the
 * disk and mirrors into the export). Any thread may call.
 */
@ConsumerType
public interface HypervisorPlatform {
    /** Service property with the platform's name, for example {@code inline}, {@code kvm}, {@code xen}. */
    String PLATFORM = "platform";

    /** What the platform can do or asks for; constant. */
    Set<PlatformCapability> capabilities();

    /** Whether this platform has the disk right now. Must not block for longer than a second. */
    boolean hosts(DiskRef disk);

    /**
     * Checks the slot of a disk that this platform hosts.
     *
     * @throws PlatformException when it is missing or out of range, with what would be right
     */
    void checkSlot(OptionalInt slot) throws PlatformException;

    /**
     * Name of the device in the guest, for example {@code xvda} for slot 1 on Xen.
     *
     * @throws PlatformException when the platform has no such slot
     */
    String deviceName(int slot) throws PlatformException;

    /**
     * Opens the disk. With an {@link InlinePlatform} the volume is read and written by the export; with a
     * {@link MirrorPlatform} it is a reader on a live disk and refuses writes with {@code READ_ONLY}. A read sees every
     * write that the export was given before the read was issued.
     *
     * @throws StorageException when the platform does not host it or can't open it
     */
    BlockVolume open(DiskRef disk) throws StorageException;
}
