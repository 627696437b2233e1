package org.openvrg.platform.inline.internal;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.model.Slots;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.InlinePlatform;
import org.openvrg.api.platform.PlatformCapability;

/**
 * Volumes that are files in one folder. A volume is hosted for whatever VM asks for it: which VM uses it is known to
 * nobody but the one who connects to its export. Thread-safe.
 */
final class FolderPlatform implements InlinePlatform {
    private static final int LETTERS = 26;

    private final VolumeFolder folder;

    /** A platform on a folder, which stays the caller's to close. */
    FolderPlatform(VolumeFolder folder) {
        this.folder = folder;
    }

    @Override
    public Set<PlatformCapability> capabilities() {
        return EnumSet.noneOf(PlatformCapability.class);
    }

    @Override
    public boolean hosts(DiskRef disk) {
        return folder.find(disk.volume()).isPresent();
    }

    @Override
    public void checkSlot(OptionalInt slot) throws PlatformException {
        if (!Slots.isValid(slot)) {
            throw new PlatformException("seqNum " + slot.getAsInt() + " is not in " + Slots.FIRST + ".." + Slots.LAST);
        }
    }

    /** {@code vda} for slot 1 up to {@code vdz}, then {@code vdaa} and so on, as Linux names virtio disks. */
    @Override
    public String deviceName(int slot) throws PlatformException {
        checkSlot(OptionalInt.of(slot));
        int index = slot - Slots.FIRST;
        String last = String.valueOf((char) ('a' + index % LETTERS));
        return index < LETTERS ? "vd" + last : "vd" + (char) ('a' + index / LETTERS - 1) + last;
    }

    @Override
    public BlockVolume open(DiskRef disk) throws StorageException {
        Path file = folder.find(disk.volume())
                .orElseThrow(() -> new StorageException(
                        StorageException.Kind.PATH_WRONG, "inline volume " + disk.volume() + " does not exist"));
        return RawFileVolume.open(file, disk.volume().value());
    }

    @Override
    public List<VolumeId> volumes() {
        return folder.volumes();
    }

    @Override
    public AutoCloseable onChange(Runnable listener) {
        return folder.onChange(listener);
    }
}
