package org.openvrg.qemu.storage;

import java.util.List;
import java.util.Map;

/**
 * What a storage daemon opens, in the terms of QEMU's {@code blockdev-add} and {@code object-add} (QEMU's QMP reference).
 * Values are texts, numbers, booleans, lists and maps of them, and an empty {@link java.util.Optional} for JSON's null.
 * Secrets are in files only, which the nodes name relative to the daemon's private folder.
 *
 * @param objects for example secrets that refer to a file, made first
 * @param nodes block nodes, those below first; the last one is exported
 * @param files content of private files by name, which has no slash
 */
public record BlockSource(
        List<Map<String, Object>> objects, List<Map<String, Object>> nodes, Map<String, String> files) {
    /** Copies and checks. */
    public BlockSource {
        objects = List.copyOf(objects);
        nodes = List.copyOf(nodes);
        files = Map.copyOf(files);
        if (nodes.isEmpty() || !(nodes.get(nodes.size() - 1).get("node-name") instanceof String)) {
            throw new IllegalArgumentException("the last node must have a node-name");
        }
        for (String file : files.keySet()) {
            if (!file.matches("[a-z][a-z0-9.-]{0,40}")) {
                throw new IllegalArgumentException("a private file is not called '" + file + "'");
            }
        }
    }

    /** Nodes without secrets. */
    public static BlockSource of(List<Map<String, Object>> nodes) {
        return new BlockSource(List.of(), nodes, Map.of());
    }

    /** Name of the node that is exported. */
    public String top() {
        return String.valueOf(nodes.get(nodes.size() - 1).get("node-name"));
    }

    /** Never shows the files. */
    @Override
    public String toString() {
        return "BlockSource" + nodes;
    }
}
