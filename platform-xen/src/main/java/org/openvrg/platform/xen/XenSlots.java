package org.openvrg.platform.xen;

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
 */
public final class XenSlots {
    private static final int LETTERS = 26;
    private static final int MAJOR = 202;
    private static final int CLASSIC_DISKS = 16;
    private static final int EXTENDED = 1 << 28;

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

    private static int disk(int slot) {
        if (slot < Slots.FIRST || slot > Slots.LAST) {
            throw new IllegalArgumentException("a slot is " + Slots.FIRST + ".." + Slots.LAST + ", not " + slot);
        }
        return slot - Slots.FIRST;
    }
}
