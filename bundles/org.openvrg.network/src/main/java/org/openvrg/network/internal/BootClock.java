package org.openvrg.network.internal;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Time since the machine started, which no change of the wall clock touches and which outlives this process. */
interface BootClock {
    /** Identity of this boot. */
    String bootId() throws IOException;

    /** Milliseconds since it. */
    long millis() throws IOException;

    /** That of Linux: {@code /proc/sys/kernel/random/boot_id} and {@code /proc/uptime}. */
    static BootClock ofLinux() {
        return new BootClock() {
            @Override
            public String bootId() throws IOException {
                return text("/proc/sys/kernel/random/boot_id");
            }

            @Override
            public long millis() throws IOException {
                String seconds = text("/proc/uptime").split(" ", 2)[0];
                return new BigDecimal(seconds).movePointRight(3).longValue();
            }

            private String text(String file) throws IOException {
                return new String(Files.readAllBytes(Path.of(file)), StandardCharsets.US_ASCII).strip();
            }
        };
    }
}
