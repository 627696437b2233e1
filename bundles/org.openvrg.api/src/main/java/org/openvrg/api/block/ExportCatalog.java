package org.openvrg.api.block;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** The exports that a gateway has right now; thread-safe. */
@ProviderType
public interface ExportCatalog {
    /** The export of a name. */
    Optional<BlockExport> find(String name);

    /** All names, sorted. */
    List<String> names();

    /**
     * Tells when an export goes away or its size changes, so that connections to it can be ended.
     *
     * @param listener called with the export's name, on any thread, must not block
     * @return ends the subscription
     */
    AutoCloseable onRemoved(java.util.function.Consumer<String> listener);
}
