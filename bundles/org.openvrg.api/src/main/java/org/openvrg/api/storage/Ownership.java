package org.openvrg.api.storage;

import java.util.UUID;

/**
 * Who may write a volume. A claim succeeds on a volume that nobody owns, and on one owned by the same gateway in the
 * same or an earlier generation.
 *
 * @param vrgUuid lasting identity of the gateway
 * @param generation rises with every takeover, from 1
 */
public record Ownership(UUID vrgUuid, long generation) {
    /** Whether this claim may replace the present owner. */
    public boolean mayReplace(Ownership present) {
        return vrgUuid.equals(present.vrgUuid) && generation >= present.generation;
    }
}
