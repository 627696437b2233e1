package org.openvrg.platform.xen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class XenPlatformComponentTest {
    @Test
    void takesTheGuardsBound() {
        assertEquals(Optional.of(Duration.ofMillis(500)), XenPlatformComponent.silence(true, 500));
        assertEquals(Optional.empty(), XenPlatformComponent.silence(false, 2_000));
        refuses("watchdog-silence-millis", () -> XenPlatformComponent.silence(true, 499));
        refuses("watchdog-silence-millis", () -> XenPlatformComponent.silence(true, 60_001));
    }

    @Test
    void takesRotationAndStall() {
        assertEquals(Duration.ofSeconds(1), XenPlatformComponent.mirror(1, 500).rotation());
        assertEquals(
                Duration.ofSeconds(60), XenPlatformComponent.mirror(1, 60_000).stall());
        refuses("rotation-seconds", () -> XenPlatformComponent.mirror(0, 500));
        refuses("rotation-seconds", () -> XenPlatformComponent.mirror(86_401, 500));
        refuses("stall-millis", () -> XenPlatformComponent.mirror(1, 499));
    }

    private static void refuses(String key, org.junit.jupiter.api.function.Executable call) {
        IllegalArgumentException refused = assertThrows(IllegalArgumentException.class, call);
        assertTrue(refused.getMessage().startsWith(key + " is"), refused.getMessage());
    }
}
