package org.openvrg.api.model;

/** State of a protected VM; the numbers are those of the REST contract. */
public enum ProtectionState {
    /** Every write is journalled in order; the standby copy is crash-consistent at all times. */
    INCREMENTAL_QUEUE(1),
    /** Writes only mark the dirty bitmap; dirty blocks are copied when the link has room. */
    INCREMENTAL_CBT(2),
    /** Both sides are compared block by block. */
    CONSISTENCY_CHECK(3);

    private final int number;

    ProtectionState(int number) {
        this.number = number;
    }

    /** The number in the REST contract, 1..3. */
    public int number() {
        return number;
    }

    /**
     * The state of a number.
     *
     * @throws IllegalArgumentException for a number outside 1..3
     */
    public static ProtectionState ofNumber(int number) {
        for (ProtectionState state : values()) {
            if (state.number == number) {
                return state;
            }
        }
        throw new IllegalArgumentException("a protection state is 1, 2 or 3, not " + number);
    }
}
