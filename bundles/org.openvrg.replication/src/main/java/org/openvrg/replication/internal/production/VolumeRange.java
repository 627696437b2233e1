package org.openvrg.replication.internal.production;

import java.util.Optional;
import org.openvrg.api.failure.StorageException;

/** Whether a range that a client names is one of the volume. */
final class VolumeRange {
    private VolumeRange() {}

    /** What is wrong with a range, if anything. */
    static Optional<StorageException> check(long offsetBytes, long lengthBytes, long sizeBytes) {
        if (lengthBytes > 0 && offsetBytes >= 0 && offsetBytes <= sizeBytes - lengthBytes) {
            return Optional.empty();
        }
        return Optional.of(new StorageException(
                StorageException.Kind.OUT_OF_RANGE,
                lengthBytes + " bytes at " + offsetBytes + " are not inside a volume of " + sizeBytes + " bytes"));
    }
}
