package org.openvrg.writeagent.internal;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.openvrg.api.storage.StorageProvider;

/** The storage providers that are deployed right now, by their {@code volType}. Thread-safe. */
final class ProviderRegistry {
    private final List<Entry> entries = new CopyOnWriteArrayList<>();

    private record Entry(String volType, StorageProvider provider) {}

    /** Adds a provider; of several for one type the oldest is used. */
    void add(String volType, StorageProvider provider) {
        entries.add(new Entry(volType, provider));
    }

    /** Removes a provider. */
    void remove(StorageProvider provider) {
        entries.removeIf(entry -> entry.provider() == provider);
    }

    /** The provider of a type. */
    Optional<StorageProvider> find(String volType) {
        return entries.stream()
                .filter(entry -> entry.volType().equals(volType))
                .map(Entry::provider)
                .findFirst();
    }
}
