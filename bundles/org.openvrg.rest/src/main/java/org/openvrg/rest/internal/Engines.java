package org.openvrg.rest.internal;

import java.util.Optional;
import java.util.function.Supplier;
import org.openvrg.api.failure.RequestException;
import org.openvrg.api.service.ProtectionService;

/** The engine, for calls that make no sense without it. */
final class Engines {
    private Engines() {}

    /**
     * The engine.
     *
     * @throws RequestException {@code UNAVAILABLE} when it is not running
     */
    static ProtectionService running(Supplier<Optional<ProtectionService>> engine) throws RequestException {
        return engine.get().orElseThrow(() -> Requests.unavailable("the replication engine", "复制引擎"));
    }
}
