package org.openvrg.replication.internal.production;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.model.RecordType;

/**
 * One write, zero or trim of the guest on its way through the ingest. Whoever moves it out of {@code PENDING} decides
 * how it is kept: in the journal, or in the bitmap because the journal took too long.
 */
final class WriteOperation {
    private enum Claim {
        PENDING,
        JOURNALLED,
        BYPASSED
    }

    final ProtectedVolume volume;
    final RecordType type;
    final long offsetBytes;
    final long lengthBytes;
    final boolean forceUnitAccess;
    /** What the journal had taken altogether when this write was handed in; guarded by the ingest's queue. */
    long journalNanosBefore;

    final CompletableFuture<Void> answer = new CompletableFuture<>();
    private final Optional<WritePayload> payload;
    private final AtomicReference<Claim> claim = new AtomicReference<>(Claim.PENDING);
    private final AtomicInteger payloadUsers = new AtomicInteger(1);

    WriteOperation(
            ProtectedVolume volume,
            RecordType type,
            long offsetBytes,
            long lengthBytes,
            Optional<WritePayload> payload,
            boolean forceUnitAccess) {
        this.volume = volume;
        this.type = type;
        this.offsetBytes = offsetBytes;
        this.lengthBytes = lengthBytes;
        this.payload = payload;
        this.forceUnitAccess = forceUnitAccess;
    }

    WritePayload payload() {
        return payload.orElseThrow();
    }

    boolean claimJournalled() {
        return claim.compareAndSet(Claim.PENDING, Claim.JOURNALLED);
    }

    boolean claimBypassed() {
        return claim.compareAndSet(Claim.PENDING, Claim.BYPASSED);
    }

    /** A second thread is about to read the payload. */
    void usePayload() {
        payloadUsers.incrementAndGet();
    }

    /** The calling thread reads the payload no more; the last one gives it back. */
    void donePayload() {
        if (payloadUsers.decrementAndGet() == 0) {
            payload.ifPresent(WritePayload::release);
        }
    }
}
