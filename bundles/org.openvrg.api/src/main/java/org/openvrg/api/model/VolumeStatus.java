package org.openvrg.api.model;

/** {@code volStatus} of the REST contract. */
public enum VolumeStatus {
    /** Open and writable. */
    NORMAL(1),
    /** The volume cannot be found or opened at its URL. */
    PATH_WRONG(2),
    /** No storage provider for its type is deployed. */
    TYPE_WRONG(3),
    /** Another gateway owns the volume. */
    OWNED_BY_OTHER(4),
    /** Not yet known: the agent has not answered, or the size is not yet known. */
    SETTING_UP(5),
    /** The volume could not be released. */
    REMOVAL_FAILED(6);

    private final int number;

    VolumeStatus(int number) {
        this.number = number;
    }

    /** The number in the REST contract, 1..6. */
    public int number() {
        return number;
    }

    /**
     * The status of a number.
     *
     * @throws IllegalArgumentException for a number outside 1..6
     */
    public static VolumeStatus ofNumber(int number) {
        for (VolumeStatus status : values()) {
            if (status.number == number) {
                return status;
            }
        }
        throw new IllegalArgumentException("a volume status is 1 to 6, not " + number);
    }
}
