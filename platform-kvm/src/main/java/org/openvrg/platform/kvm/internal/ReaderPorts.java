package org.openvrg.platform.kvm.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import org.openvrg.api.file.DurableFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which port of a host each of its domains serves its disks at. A QEMU that serves them already goes on when the gateway
 * is started again, so a file remembers: a UUID and a port a line. Used by one thread.
 */
final class ReaderPorts {
    private static final Logger LOG = LoggerFactory.getLogger(ReaderPorts.class);
    private static final int MAX_FILE_BYTES = 4 << 20;

    private final Path file;
    private final LibvirtHost.Ports range;
    private final Map<UUID, Integer> taken = new LinkedHashMap<>();

    /** Reads the file, if it is there; lines that are none are as good as missing. */
    ReaderPorts(Path file, LibvirtHost.Ports range) throws IOException {
        this.file = file;
        this.range = range;
        Files.createDirectories(file.getParent());
        if (!Files.exists(file) || Files.size(file) > MAX_FILE_BYTES) {
            return;
        }
        for (String line : new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).split("\n", -1)) {
            String[] words = line.split(" ", -1);
            try {
                int port = Integer.parseInt(words[words.length - 1]);
                if (words.length == 2 && port >= range.first() && port <= range.last() && !taken.containsValue(port)) {
                    taken.put(UUID.fromString(words[0]), port);
                }
            } catch (IllegalArgumentException e) {
                LOG.debug("Not a port of a domain: {}", e.getMessage());
            }
        }
    }

    /**
     * The port of a domain; empty when all are taken.
     *
     * @param running all domains that run: where ports are short, the others' are given away
     */
    Optional<Integer> of(UUID domain, Collection<UUID> running) throws IOException {
        Integer known = taken.get(domain);
        if (known != null) {
            return Optional.of(known);
        }
        Optional<Integer> free = free();
        if (free.isEmpty()) {
            taken.keySet().retainAll(running);
            free = free();
        }
        if (free.isPresent()) {
            taken.put(domain, free.get());
            write();
        }
        return free;
    }

    private Optional<Integer> free() {
        TreeSet<Integer> used = new TreeSet<>(taken.values());
        for (int port = range.first(); port <= range.last(); port++) {
            if (!used.contains(port)) {
                return Optional.of(port);
            }
        }
        return Optional.empty();
    }

    private void write() throws IOException {
        StringBuilder text = new StringBuilder();
        taken.forEach((uuid, port) -> text.append(uuid).append(' ').append(port).append('\n'));
        DurableFile.replace(file, text.toString().getBytes(StandardCharsets.US_ASCII));
    }
}
