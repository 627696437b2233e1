package org.openvrg.api.model;

import java.util.OptionalInt;

/** Limits of {@code seqNum}, the slot of a disk in its VM. */
public final class Slots {
    /** Lowest slot. */
    public static final int FIRST = 1;

    /** Highest slot. */
    public static final int LAST = 40;

    private Slots() {}

    /** Whether the slot is absent or within 1..40. */
    public static boolean isValid(OptionalInt slot) {
        return slot.isEmpty() || (slot.getAsInt() >= FIRST && slot.getAsInt() <= LAST);
    }
}
