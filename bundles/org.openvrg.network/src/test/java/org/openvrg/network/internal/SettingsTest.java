package org.openvrg.network.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    @Test
    void hasTheDefaults() {
        Settings settings = Settings.of(config(Map.of()));
        assertEquals("eth0", settings.managementInterface());
        assertEquals("eth0", settings.hostInterface());
        assertEquals("eth0", settings.peerInterface());
        assertEquals(90, settings.confirmSeconds());
        assertEquals(Settings.Manager.AUTO, settings.persistence());
        assertEquals(Optional.of("/usr/bin/networkctl"), settings.networkctl());
    }

    @Test
    void takesWhatIsConfigured() {
        Settings settings = Settings.of(config(Map.of(
                "management$_$interface", "br-mgmt.7",
                "peer$_$interface", "wan0",
                "confirm$_$seconds", 5,
                "networkctl$_$command", "",
                "persistence", "ifupdown")));
        assertEquals("br-mgmt.7", settings.hostInterface());
        assertEquals("wan0", settings.peerInterface());
        assertEquals(Optional.empty(), settings.networkctl());
        assertEquals(Settings.Manager.IFUPDOWN, settings.persistence());
    }

    @ParameterizedTest
    @CsvSource({
        "management$_$interface, management-interface, ''",
        "management$_$interface, management-interface, a name",
        "host$_$interface, host-interface, ../eth0",
        "peer$_$interface, peer-interface, sixteen-letters-",
        "confirm$_$seconds, confirm-seconds, 4",
        "confirm$_$seconds, confirm-seconds, 3601",
        "persistence, persistence, NetworkManager",
        "directory, directory, data/network",
        "ip$_$command, ip-command, ip",
        "networkd$_$directory, networkd-directory, ''",
        "ifupdown$_$file, ifupdown-file, interfaces"
    })
    void namesTheKeyThatIsWrong(String member, String key, String value) {
        Object typed = member.startsWith("confirm") ? (Object) Integer.valueOf(value) : value;
        IllegalArgumentException wrong =
                assertThrows(IllegalArgumentException.class, () -> Settings.of(config(Map.of(member, typed))));
        assertTrue(
                wrong.getMessage().startsWith("org.openvrg.network: " + key + " = " + value + " is not "),
                wrong.getMessage());
    }

    private static Config config(Map<String, Object> values) {
        Map<String, Object> all = new HashMap<>(Map.of("directory", "/var/lib/vrg/network"));
        all.putAll(values);
        return (Config) Proxy.newProxyInstance(
                Config.class.getClassLoader(),
                new Class<?>[] {Config.class},
                (proxy, method, arguments) -> all.getOrDefault(method.getName(), method.getDefaultValue()));
    }
}
