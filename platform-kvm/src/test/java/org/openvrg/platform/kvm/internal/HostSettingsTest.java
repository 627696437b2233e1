package org.openvrg.platform.kvm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.annotation.Annotation;
import java.lang.reflect.Proxy;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HostSettingsTest {
    /** A configuration with these values, and defaults for the rest. */
    static KvmPlatformComponent.Config config(Map<String, Object> values) {
        return (KvmPlatformComponent.Config) Proxy.newProxyInstance(
                HostSettingsTest.class.getClassLoader(),
                new Class<?>[] {KvmPlatformComponent.Config.class},
                (proxy, method, arguments) -> {
                    if (method.getDeclaringClass().equals(Annotation.class)) {
                        return KvmPlatformComponent.Config.class;
                    }
                    return values.getOrDefault(method.getName().replace("$_$", "-"), method.getDefaultValue());
                });
    }

    private static String refused(Map<String, Object> values) {
        return assertThrows(IllegalArgumentException.class, () -> HostSettings.of(config(values)))
                .getMessage();
    }

    @Test
    void takesFolderAndMonitors() {
        HostSettings settings = HostSettings.of(config(Map.of(
                "folder", "/run/vms",
                "state", "/var/state",
                "monitors", "127.0.0.1:4444;guard=127.0.0.1:4445;reader=127.0.0.1:4446, [::1]:1;reader=[::1]:2")));
        assertEquals("/run/vms", settings.folder().orElseThrow().toString());
        assertEquals(2, settings.monitors().size());
        assertEquals(4444, settings.monitors().get(0).address().getPort());
        assertTrue(settings.monitors().get(0).guard().isPresent());
        assertTrue(settings.monitors().get(1).guard().isEmpty());
    }

    @Test
    void namesWhatIsWrong() {
        assertTrue(refused(Map.of("state", "/s")).contains("folder and monitors"));
        assertTrue(refused(Map.of("folder", "/f")).contains("state is empty"));
        Map<String, Object> base = Map.of("state", "/s", "folder", "/f");
        for (String key : new String[] {"rotation-seconds", "stall-millis", "scan-millis", "watchdog-silence-millis"}) {
            Map<String, Object> values = new java.util.HashMap<>(base);
            values.put(key, 0);
            assertTrue(refused(values).startsWith(key + " is 0"), key);
        }
        assertTrue(refused(Map.of("state", "/s", "monitors", "127.0.0.1:1")).contains("without reader"));
        assertTrue(refused(Map.of("state", "/s", "monitors", "127.0.0.1")).contains("HOST:PORT"));
        assertTrue(refused(Map.of("state", "/s", "monitors", "127.0.0.1:x;reader=127.0.0.1:1"))
                .contains("1 to 65535"));
        assertTrue(refused(Map.of("state", "/s", "monitors", "127.0.0.1:1;reader=127.0.0.1:1;x=1"))
                .contains("x=1"));
        assertTrue(refused(Map.of("state", "/s", "folder", "/f", "tls-keystore-file", "/k"))
                .contains("together"));
    }

    @Test
    void aMonitorElsewhereTakesTls() {
        String all = "192.0.2.1:1;reader=192.0.2.1:2";
        assertTrue(refused(Map.of("state", "/s", "monitors", all)).contains("takes TLS"));
        HostSettings settings = HostSettings.of(config(Map.of(
                "state", "/s",
                "monitors", all,
                "tls-keystore-file", "/k",
                "tls-keystore-password-file", "/p",
                "tls-authorities-file", "/a")));
        assertTrue(settings.tls().isPresent());
    }
}
