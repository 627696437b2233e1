package org.openvrg.storage.lunpome.internal;

import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.block.ForwardingVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.qemu.storage.BlockLayer.DeviceClaim;

/** A block device with the kernel's claim on it. Thread-safe. */
final class ClaimedDevice extends ForwardingVolume<BlockVolume> {
    private final DeviceClaim claim;

    private ClaimedDevice(DeviceClaim claim, BlockVolume device) {
        super(device);
        this.claim = claim;
    }

    /** Opens a device. */
    interface Opener {
        /** Opens it. */
        BlockVolume open() throws StorageException;
    }

    /** Takes the claim over; it is given up if the device can't be opened. */
    static BlockVolume open(DeviceClaim claim, Opener opener) throws StorageException {
        boolean done = false;
        try {
            ClaimedDevice opened = new ClaimedDevice(claim, opener.open());
            done = true;
            return opened;
        } finally {
            if (!done) {
                claim.close();
            }
        }
    }

    @Override
    public void close() throws StorageException {
        try (claim) {
            volume().close();
        }
    }
}
