package org.openvrg.nbd.internal;

import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.openvrg.api.failure.StorageException;

/** The one place that maps failures to NBD errors. */
final class NbdErrors {
    private NbdErrors() {}

    /** The failure without the wrapping of stages. */
    static Throwable unwrap(Throwable failure) {
        Throwable inner = failure;
        while ((inner instanceof CompletionException || inner instanceof ExecutionException)
                && inner.getCause() != null) {
            inner = inner.getCause();
        }
        return inner;
    }

    /** Error number of an unwrapped failure. */
    static int of(Throwable failure) {
        if (!(failure instanceof StorageException storage)) {
            return Protocol.EIO;
        }
        return switch (storage.kind()) {
            case OUT_OF_RANGE -> Protocol.EINVAL;
            case READ_ONLY, OWNED_BY_OTHER -> Protocol.EPERM;
            case NO_SPACE -> Protocol.ENOSPC;
            case CLOSED -> Protocol.ESHUTDOWN;
            case PATH_WRONG, TYPE_WRONG, IO -> Protocol.EIO;
        };
    }
}
