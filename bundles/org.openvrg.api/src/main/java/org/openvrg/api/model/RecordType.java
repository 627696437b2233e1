package org.openvrg.api.model;

import java.util.Optional;

/** Kinds of record; the codes are those of the journal and of the wire and never change. */
public enum RecordType {
    /** Payload bytes written at an offset. */
    WRITE(1),
    /** A range that reads as zeroes afterwards and stays allocated where the storage can tell. */
    ZERO(2),
    /** A range that reads as zeroes afterwards and may be given back to the storage. */
    TRIM(3),
    /** Crash-consistent point of all disks; payload: 8 bytes wall-clock time, milliseconds since 1970, big-endian. */
    CHECKPOINT(4),
    /** Start of a resync; payload: see {@link ResyncMark}. */
    RESYNC_BEGIN(5),
    /** End of a resync, from here on the disks are consistent again; payload: see {@link ResyncMark}. */
    RESYNC_END(6),
    /** A block copied by a resync; its sequence is that of the newest live record before it in the stream. */
    RESYNC_WRITE(7),
    /** Like {@link #RESYNC_WRITE} for a block of zeroes, without payload. */
    RESYNC_ZERO(8);

    private final int code;

    RecordType(int code) {
        this.code = code;
    }

    /** The code on disk and wire, 1..8. */
    public int code() {
        return code;
    }

    /** Whether records of this type have their own number in the sequence (all but copied blocks). */
    public boolean isSequenced() {
        return this != RESYNC_WRITE && this != RESYNC_ZERO;
    }

    /** Whether the record changes bytes of a volume. */
    public boolean isData() {
        return switch (this) {
            case WRITE, ZERO, TRIM, RESYNC_WRITE, RESYNC_ZERO -> true;
            case CHECKPOINT, RESYNC_BEGIN, RESYNC_END -> false;
        };
    }

    /** Whether the payload holds the bytes of the range, so that payload length and range length are equal. */
    public boolean carriesBytes() {
        return this == WRITE || this == RESYNC_WRITE;
    }

    /** The type of a code, empty when the code is unknown. */
    public static Optional<RecordType> ofCode(int code) {
        return code >= 1 && code <= values().length ? Optional.of(values()[code - 1]) : Optional.empty();
    }
}
