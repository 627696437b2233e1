package org.openvrg.storage.lunpome.internal;

import java.nio.ByteBuffer;
import java.util.List;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.qemu.storage.BlockLayer.DeviceClaim;

/** A block device with the kernel's claim on it. Thread-safe. */
final class ClaimedDevice implements BlockVolume {
    private final DeviceClaim claim;
    private final BlockVolume device;

    private ClaimedDevice(DeviceClaim claim, BlockVolume device) {
        this.claim = claim;
        this.device = device;
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
    public long sizeBytes() {
        return device.sizeBytes();
    }

    @Override
    public void read(long offsetBytes, ByteBuffer target) throws StorageException {
        device.read(offsetBytes, target);
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) throws StorageException {
        device.write(offsetBytes, source);
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        device.zero(offsetBytes, lengthBytes, mayUnmap);
    }

    @Override
    public void flush() throws StorageException {
        device.flush();
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        return device.extents(offsetBytes, lengthBytes);
    }

    @Override
    public void close() throws StorageException {
        try (claim) {
            device.close();
        }
    }
}
