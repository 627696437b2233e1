package org.openvrg.qemu.mirror;

import java.time.Duration;
import java.util.Optional;

/**
 * How disks are captured.
 *
 * @param rotation time after which the dirty bitmap is replaced by a new one
 * @param tick time between two looks at a mirror job
 * @param stall time without progress after which the export is cut off; what the guest writes hangs meanwhile
 * @param firstRetry pause after a capture was lost; it doubles with every failure
 * @param lastRetry longest pause
 * @param tlsCredentials id of the {@code tls-creds} object that the hosts' QEMU has, for {@code nbds} exports
 */
public record MirrorSettings(
        Duration rotation,
        Duration tick,
        Duration stall,
        Duration firstRetry,
        Duration lastRetry,
        Optional<String> tlsCredentials) {
    /** For most. */
    public static MirrorSettings standard() {
        return new MirrorSettings(
                Duration.ofMinutes(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(2),
                Duration.ofMillis(500),
                Duration.ofSeconds(20),
                Optional.empty());
    }
}
