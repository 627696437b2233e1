package org.openvrg.api.file;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the end of a process from a power loss: what the page cache had is there as long as the machine was not started
 * anew. Source: random(4), {@code /proc/sys/kernel/random/boot_id}.
 */
public final class BootId {
    private static final Logger LOG = LoggerFactory.getLogger(BootId.class);
    private static final Path FILE = Path.of("/proc/sys/kernel/random/boot_id");

    private BootId() {}

    /** That of this boot; where the system has none, a new one at every call, so that nothing counts that was not synced. */
    public static UUID current() {
        try {
            return UUID.fromString(Files.readString(FILE).strip());
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("This system tells no boot id ({}): every start counts as one after a power loss", e.toString());
            return UUID.randomUUID();
        }
    }
}
