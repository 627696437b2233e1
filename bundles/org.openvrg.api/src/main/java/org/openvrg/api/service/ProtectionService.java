package org.openvrg.api.service;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmReport;
import org.openvrg.api.model.VmStrategy;
import org.osgi.annotation.versioning.ProviderType;

/** The replication engine, as the control plane drives it. Thread-safe. */
@ProviderType
public interface ProtectionService {
    /**
     * Protects a VM or changes how it is protected. Returns at once; what becomes of it is in {@link #report}.
     * Applying the same strategy again changes nothing.
     *
     * @throws RequestException when the strategy can't be accepted, for example a missing slot on Xen
     */
    void apply(VmStrategy strategy) throws RequestException;

    /**
     * Ends the protection and drops journal and bitmap. Idempotent: an unknown VM is fine.
     *
     * @param forced drop what is queued instead of draining it first
     * @return the state before the removal
     * @throws RequestException {@code CONFLICT}, with the queued amount and nothing changed, when a normal removal
     *     can't drain within 30 s
     */
    ProtectionState remove(UUID vmUuid, boolean forced) throws RequestException;

    /** What is known of a VM, empty when it is not protected here. */
    Optional<VmReport> report(UUID vmUuid);

    /** All reports. */
    List<VmReport> reports();

    /** Whether a VM with a disk at the production side needs slots there; consulted before a strategy is stored. */
    void check(VmStrategy strategy) throws RequestException;

    /** Capacity of the journals. */
    Capacity capacity();

    /**
     * Space of the write cache.
     *
     * @param totalBytes configured limit
     * @param availableBytes what is left of it
     * @param healthy false when a journal failed
     */
    record Capacity(long totalBytes, long availableBytes, boolean healthy) {}
}
