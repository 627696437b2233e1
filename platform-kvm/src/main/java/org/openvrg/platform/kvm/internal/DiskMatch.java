package org.openvrg.platform.kvm.internal;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.openvrg.api.platform.DiskRef;

/**
 * Which of a VM's disks is meant: the one whose serial is the volume, else the one in the slot, counted from 1 over the
 * disks in QEMU's order. A disk whose serial is another volume's UUID is never taken for its slot. Stateless.
 */
final class DiskMatch {
    /** Guests see so much of a virtio serial, and some managers cut it to that. */
    private static final int SERIAL_LENGTH = 20;

    private static final Pattern UUID = Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}(-[0-9a-f-]*)?");

    private DiskMatch() {}

    /** The disk, if it is there. */
    static Optional<VmDisk> find(List<VmDisk> disks, DiskRef wanted) {
        String volume = wanted.volume().value().toLowerCase(Locale.ROOT);
        Optional<VmDisk> bySerial =
                disks.stream().filter(disk -> names(disk, volume)).findFirst();
        if (bySerial.isPresent() || wanted.slot().isEmpty() || wanted.slot().getAsInt() > disks.size()) {
            return bySerial;
        }
        return Optional.of(disks.get(wanted.slot().getAsInt() - 1)).filter(DiskMatch::isNobodys);
    }

    private static boolean names(VmDisk disk, String volume) {
        String serial = disk.serial().toLowerCase(Locale.ROOT);
        return serial.equals(volume) || (serial.length() >= SERIAL_LENGTH && volume.startsWith(serial));
    }

    private static boolean isNobodys(VmDisk disk) {
        return !UUID.matcher(disk.serial().toLowerCase(Locale.ROOT)).matches();
    }
}
