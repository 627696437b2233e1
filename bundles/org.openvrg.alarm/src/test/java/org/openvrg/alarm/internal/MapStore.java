package org.openvrg.alarm.internal;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.openvrg.api.service.ConfigStore;

/** A configuration store in memory. */
final class MapStore implements ConfigStore {
    private final Map<String, String> values = new TreeMap<>();

    @Override
    public synchronized Optional<String> get(String area, String key) {
        return Optional.ofNullable(values.get(area + "/" + key));
    }

    @Override
    public synchronized Map<String, String> all(String area) {
        return values.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(area + "/"))
                .collect(Collectors.toMap(entry -> entry.getKey().substring(area.length() + 1), Map.Entry::getValue));
    }

    @Override
    public synchronized void put(String area, String key, String value) {
        values.put(area + "/" + key, value);
    }

    @Override
    public synchronized void remove(String area, String key) {
        values.remove(area + "/" + key);
    }
}
