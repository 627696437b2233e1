package org.openvrg.nbd;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.ExportCatalog;

/** A catalog that tests fill. */
public final class MemoryCatalog implements ExportCatalog {
    private final Map<String, BlockExport> exports = new ConcurrentSkipListMap<>();
    private final List<Consumer<String>> listeners = new CopyOnWriteArrayList<>();

    public MemoryCatalog(BlockExport... first) {
        for (BlockExport export : first) {
            exports.put(export.name(), export);
        }
    }

    public void remove(String name) {
        exports.remove(name);
        listeners.forEach(listener -> listener.accept(name));
    }

    @Override
    public Optional<BlockExport> find(String name) {
        return Optional.ofNullable(exports.get(name));
    }

    @Override
    public List<String> names() {
        return List.copyOf(exports.keySet());
    }

    @Override
    public AutoCloseable onRemoved(Consumer<String> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }
}
