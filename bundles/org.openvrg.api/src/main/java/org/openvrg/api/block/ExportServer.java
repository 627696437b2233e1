package org.openvrg.api.block;

import java.net.URI;
import org.openvrg.api.failure.PlatformException;
import org.osgi.annotation.versioning.ProviderType;

/** Where hypervisors reach the exports of this gateway; an OSGi service while the server listens. Thread-safe. */
@ProviderType
public interface ExportServer {
    /**
     * The address of an export.
     *
     * @param exportName its name
     * @return an {@code nbd://} URI, {@code nbds://} where TLS is required, with the name that the server's
     *     certificate has as {@code tls-hostname}
     * @throws PlatformException when the server does not know which of its addresses the hosts can reach
     */
    URI uri(String exportName) throws PlatformException;
}
