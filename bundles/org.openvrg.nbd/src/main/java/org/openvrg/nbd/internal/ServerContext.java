package org.openvrg.nbd.internal;

import io.netty.handler.ssl.SslContext;
import java.util.Optional;
import org.openvrg.nbd.NbdSettings;

/** What all connections of one server share. */
record ServerContext(
        NbdSettings settings,
        Catalogs catalogs,
        Connections connections,
        MemoryBudget budget,
        Optional<SslContext> tls) {}
