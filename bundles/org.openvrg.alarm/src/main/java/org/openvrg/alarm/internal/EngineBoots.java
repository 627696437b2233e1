package org.openvrg.alarm.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.file.DurableFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code snmpEngineBoots} (RFC 3414, 2.2): grows whenever the engine starts, else a server takes its traps for replayed
 * ones. It is kept in a file and never below the minutes since 1970, so that it grows even when the file is lost.
 */
final class EngineBoots {
    private static final String NAME = "engine-boots";
    private static final Logger LOG = LoggerFactory.getLogger(EngineBoots.class);

    private final Path file;
    private final Clock clock;

    EngineBoots(Path directory, Clock clock) {
        this.file = directory.resolve(NAME);
        this.clock = clock;
    }

    /** The number of a start; on stable storage when it returns, if the disk allows. */
    int next() {
        int boots = Math.max(last() + 1, (int) TimeUnit.MILLISECONDS.toMinutes(clock.millis()));
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            DurableFile.replace(file, (boots + "\n").getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            LOG.error("the number of SNMP engine starts can't be kept", e);
        }
        return boots;
    }

    private int last() {
        try {
            return Files.exists(file) ? Integer.parseInt(Files.readString(file).strip()) : 0;
        } catch (IOException | NumberFormatException e) {
            LOG.warn("the number of SNMP engine starts can't be read; the clock gives a new one", e);
            return 0;
        }
    }
}
