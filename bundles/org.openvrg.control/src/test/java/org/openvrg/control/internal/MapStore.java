package org.openvrg.control.internal;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.openvrg.api.service.ConfigStore;

/** A store in memory. */
final class MapStore implements ConfigStore {
    private final Map<String, Map<String, String>> areas = new TreeMap<>();

    @Override
    public synchronized Optional<String> get(String area, String key) {
        return Optional.ofNullable(areas.getOrDefault(area, Map.of()).get(key));
    }

    @Override
    public synchronized Map<String, String> all(String area) {
        return new TreeMap<>(areas.getOrDefault(area, Map.of()));
    }

    @Override
    public synchronized void put(String area, String key, String value) {
        areas.computeIfAbsent(area, name -> new TreeMap<>()).put(key, value);
    }

    @Override
    public synchronized void remove(String area, String key) {
        areas.getOrDefault(area, new TreeMap<>()).remove(key);
    }
}
