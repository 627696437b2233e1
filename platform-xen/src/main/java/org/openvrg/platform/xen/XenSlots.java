package org.openvrg.platform.xen;

import java.util.OptionalInt;
import org.openvrg.api.model.Slots;

/**
 * Names and numbers the paravirtual disk of a slot as Xen does: slot 1 is {@code xvda}. Stateless.
 *
 * <p>The virtual device number is the disk's key in XenStore. Xen's vbd interface document gives whole disks two
 * encodings, and a guest expects the one that belongs to the disk's number:
 *
 * <pre>
 *   disk 0..15    202 &lt;&lt; 8 | disk &lt;&lt; 4        major 202, minors in steps of 16
 *   disk 16..     1 &lt;&lt; 28 | disk &lt;&lt; 8         extended
 * </pre>
 *
 * A disk that a guest also sees as an emulated one is numbered as that one, and still is the disk of that number:
 *
 * <pre>
 *   hd, disk 0..1      3 &lt;&lt; 8 | disk &lt;&lt; 6
 *   hd, disk 2..3     22 &lt;&lt; 8 | (disk - 2) &lt;&lt; 6
 *   sd, disk 0..15     8 &lt;&lt; 8 | disk &lt;&lt; 4
 * </pre>
 */
public final class XenSlots {
    private static final int LETTERS = 26;
    private static final int MAJOR = 202;
    private static final int CLASSIC_DISKS = 16;
    private static final int EXTENDED = 1 << 28;
    private static final int FIRST_IDE_MAJOR = 3;
    private static final int SECOND_IDE_MAJOR = 22;
    private static final int SCSI_MAJOR = 8;

    private XenSlots() {}

    /**
     * Device name of a slot.
     *
     * @param slot {@value Slots#FIRST}..{@value Slots#LAST}
     * @return {@code xvda} … {@code xvdz}, {@code xvdaa} … {@code xvdan}
     * @throws IllegalArgumentException for a slot out of range
     */
    public static String deviceName(int slot) {
        int disk = disk(slot);
        String last = String.valueOf((char) ('a' + disk % LETTERS));
        return disk < LETTERS ? "xvd" + last : "xvd" + (char) ('a' + disk / LETTERS - 1) + last;
    }

    /**
     * Xen's virtual device number of the whole disk in a slot.
     *
     * @param slot {@value Slots#FIRST}..{@value Slots#LAST}
     * @throws IllegalArgumentException for a slot out of range
     */
    public static int virtualDevice(int slot) {
        int disk = disk(slot);
        return disk < CLASSIC_DISKS ? MAJOR << 8 | disk << 4 : EXTENDED | disk << 8;
    }

    /**
     * The slot of a virtual device.
     *
     * @return empty for a partition, a number that the interface document reserves, and a disk beyond the last slot
     */
    public static OptionalInt slot(int virtualDevice) {
        int disk = wholeDisk(virtualDevice);
        return disk < 0 || disk > Slots.LAST - Slots.FIRST ? OptionalInt.empty() : OptionalInt.of(disk + Slots.FIRST);
    }

    /**
     * What QEMU's block back end calls the disk of a virtual device: {@code xvda}, or {@code hda} and {@code sda} where
     * the number is that of an emulated disk.
     *
     * @throws IllegalArgumentException for a number without a {@link #slot}
     */
    static String backendName(int virtualDevice) {
        int slot = slot(virtualDevice)
                .orElseThrow(() -> new IllegalArgumentException(virtualDevice + " is no whole disk of a slot"));
        String name = deviceName(slot);
        return switch (virtualDevice >> 8) {
            case SCSI_MAJOR -> name.replace("xvd", "sd");
            case FIRST_IDE_MAJOR, SECOND_IDE_MAJOR -> name.replace("xvd", "hd");
            default -> name;
        };
    }

    /** The number of a whole disk, or -1. */
    private static int wholeDisk(int virtualDevice) {
        if (virtualDevice >= EXTENDED) {
            int disk = (virtualDevice - EXTENDED) >> 8;
            boolean defined = virtualDevice < EXTENDED << 1 && disk >= CLASSIC_DISKS && (virtualDevice & 0xff) == 0;
            return defined ? disk : -1;
        }
        int minor = virtualDevice & 0xff;
        return switch (virtualDevice >> 8) {
            case MAJOR, SCSI_MAJOR -> (minor & 0xf) == 0 ? minor >> 4 : -1;
            case FIRST_IDE_MAJOR -> ideDisk(minor, 0);
            case SECOND_IDE_MAJOR -> ideDisk(minor, 2);
            default -> -1;
        };
    }

    /** Two disks with minors in steps of 64. */
    private static int ideDisk(int minor, int first) {
        return minor == 0 || minor == 1 << 6 ? first + (minor >> 6) : -1;
    }

    private static int disk(int slot) {
        if (slot < Slots.FIRST || slot > Slots.LAST) {
            throw new IllegalArgumentException("a slot is " + Slots.FIRST + ".." + Slots.LAST + ", not " + slot);
        }
        return slot - Slots.FIRST;
    }
}
