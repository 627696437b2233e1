package org.openvrg.qemu.storage.internal;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Validated configuration of the block layer.
 *
 * @param runDirectory folder for the private folders of daemons and tools
 * @param daemon program {@code qemu-storage-daemon}
 * @param imageTool program {@code qemu-img}
 * @param startLimit longest start of a daemon
 * @param requestLimit longest time for the answer to a request
 * @param maxDaemons most daemons at once
 */
record Settings(
        Path runDirectory,
        String daemon,
        String imageTool,
        Duration startLimit,
        Duration requestLimit,
        int maxDaemons) {
    /** Checks the values. */
    Settings {
        if (!runDirectory.isAbsolute()) {
            throw new IllegalArgumentException(
                    "run-directory is '" + runDirectory + "', it must be an absolute path of a folder");
        }
        check("start-timeout-seconds", startLimit.toSeconds(), 1, 600);
        check("request-timeout-seconds", requestLimit.toSeconds(), 1, 600);
        check("max-daemons", maxDaemons, 1, 10_000);
        if (daemon.isBlank() || imageTool.isBlank()) {
            throw new IllegalArgumentException("daemon-command and image-command must name programs");
        }
    }

    private static void check(String key, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(key + " is " + value + ", it must be from " + least + " to " + most);
        }
    }
}
