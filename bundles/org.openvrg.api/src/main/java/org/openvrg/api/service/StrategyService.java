package org.openvrg.api.service;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VmStrategy;
import org.osgi.annotation.versioning.ProviderType;

/** The strategies of this gateway: validated, stored, handed to the engine. Thread-safe. */
@ProviderType
public interface StrategyService {
    /**
     * Stores a strategy and hands it to the engine.
     *
     * @throws RequestException {@code VOLUME_DUPLICATE} when a volume is protected for another VM, {@code CONFLICT}
     *     when the VM is on the other side of this gateway
     */
    void put(VmStrategy strategy) throws RequestException;

    /** One strategy. */
    Optional<VmStrategy> find(UUID vmUuid);

    /** All strategies, ordered by VM UUID. */
    List<VmStrategy> all();

    /**
     * Ends the protection.
     *
     * @throws RequestException {@code VM_UNKNOWN}, {@code CONFLICT}
     */
    ProtectionState remove(UUID vmUuid, boolean forced) throws RequestException;
}
