package org.openvrg.nbd.internal;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.ExportCatalog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The export catalogs that are there right now, seen as one. They come and go while the server runs; thread-safe. */
public final class Catalogs {
    private static final Logger LOG = LoggerFactory.getLogger(Catalogs.class);

    private final Map<ExportCatalog, AutoCloseable> subscriptions = new ConcurrentHashMap<>();
    private final Consumer<String> onRemoved;

    /**
     * Without any catalog yet.
     *
     * @param onRemoved told the name of each export that goes away, on any thread
     */
    public Catalogs(Consumer<String> onRemoved) {
        this.onRemoved = onRemoved;
    }

    /** Adds a catalog; adding one twice changes nothing. */
    public void add(ExportCatalog catalog) {
        subscriptions.computeIfAbsent(catalog, added -> added.onRemoved(onRemoved));
    }

    /** Takes a catalog away; all its exports count as removed. */
    public void remove(ExportCatalog catalog) {
        AutoCloseable subscription = subscriptions.remove(catalog);
        if (subscription == null) {
            return;
        }
        try {
            subscription.close();
        } catch (Exception e) {
            LOG.warn("An export catalog failed while its subscription ended", e);
        }
        catalog.names().forEach(onRemoved);
    }

    /** Takes all away. */
    public void clear() {
        List.copyOf(subscriptions.keySet()).forEach(this::remove);
    }

    /** All names, sorted. */
    public List<String> names() {
        return subscriptions.keySet().stream()
                .flatMap(catalog -> catalog.names().stream())
                .distinct()
                .sorted()
                .toList();
    }

    /** The export that a client means: the one of that name, or for the empty name the only one that there is. */
    public Optional<BlockExport> resolve(String name) {
        if (!name.isEmpty()) {
            return find(name);
        }
        List<String> names = names();
        return names.size() == 1 ? find(names.get(0)) : Optional.empty();
    }

    private Optional<BlockExport> find(String name) {
        return subscriptions.keySet().stream()
                .map(catalog -> catalog.find(name))
                .flatMap(Optional::stream)
                .findFirst();
    }
}
