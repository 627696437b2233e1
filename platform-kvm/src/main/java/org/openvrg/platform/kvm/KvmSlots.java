package org.openvrg.platform.kvm;

import org.openvrg.api.model.Slots;

/** Names the virtio disk of a slot as a Linux guest sees it: slot 1 is {@code vda}. Stateless. */
public final class KvmSlots {
    private static final int LETTERS = 26;

    private KvmSlots() {}

    /**
     * Device name of a slot.
     *
     * @param slot {@value Slots#FIRST}..{@value Slots#LAST}
     * @return {@code vda} … {@code vdz}, {@code vdaa} … {@code vdan}
     * @throws IllegalArgumentException for a slot out of range
     */
    public static String deviceName(int slot) {
        if (slot < Slots.FIRST || slot > Slots.LAST) {
            throw new IllegalArgumentException("a slot is " + Slots.FIRST + ".." + Slots.LAST + ", not " + slot);
        }
        int disk = slot - Slots.FIRST;
        String last = String.valueOf((char) ('a' + disk % LETTERS));
        return disk < LETTERS ? "vd" + last : "vd" + (char) ('a' + disk / LETTERS - 1) + last;
    }
}
