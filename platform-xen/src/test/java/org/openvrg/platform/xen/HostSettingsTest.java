package org.openvrg.platform.xen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostSettingsTest {
    private static HostSettings of(String name, String command, String monitor, String folder, long pollMillis) {
        return new HostSettings(
                name,
                HostSettings.words(command),
                monitor,
                Optional.of(HostSettings.LIBXL_MONITOR),
                Path.of(folder),
                Duration.ofMillis(pollMillis));
    }

    @Test
    void buildsWhatLeadsToADomain() {
        HostSettings local = of("h", "  ", HostSettings.DEFAULT_MONITOR, "/run/vrg-xen", 5000);
        assertEquals("qmp-libxenstat-7", local.monitorOf(7).name());
        assertEquals(Path.of("/run/vrg-xen/h-7.nbd"), local.readerOf(7));
        HostSettings remote = of("h", "ssh  -p 22 root@h ", HostSettings.DEFAULT_MONITOR, "/run/vrg-xen", 5000);
        assertTrue(remote.remote());
        assertEquals(List.of("ssh", "-p", "22", "root@h", "socat", "-", "UNIX-CONNECT:/x"), remote.connectTo("/x"));
        assertEquals("h-7", remote.monitorOf(7).name());
        assertEquals(Optional.of("unix:/var/run/xen/qmp-libxl-7"), local.guardOf(7));
        assertEquals(
                Optional.of("command:ssh,-p,22,root%40h,socat,-,UNIX-CONNECT%3A%2Fvar%2Frun%2Fxen%2Fqmp-libxl-7"),
                remote.guardOf(7));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a b", "a/b", "123456789012345678901234567890123"})
    void refusesAName(String name) {
        refuses("name", name, HostSettings.DEFAULT_MONITOR, "/run/x", 5000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/var/run/xen/qmp-libxl-1",
                "/var/run/xen/qmp-libxl-{domid} ",
                "qmp-{domid}",
                "/var/run/a b-{domid}",
                "/$(x){domid}"
            })
    void refusesAMonitor(String monitor) {
        refuses("qmp-socket", "h", monitor, "/run/x", 5000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "run", "/run/a b", "/run/'", "/1234567890123456789012345678901234567890123456789012345678901"
            })
    void refusesASocketFolder(String folder) {
        refuses("socket-folder", "h", HostSettings.DEFAULT_MONITOR, folder, 5000);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 199, 60_001, -1})
    void refusesAPause(long millis) {
        refuses("poll-millis", "h", HostSettings.DEFAULT_MONITOR, "/run/x", millis);
    }

    @Test
    void refusesOneMonitorForBoth() {
        IllegalArgumentException refused = assertThrows(
                IllegalArgumentException.class, () -> of("h", "", HostSettings.LIBXL_MONITOR, "/run/x", 5000));
        assertTrue(refused.getMessage().startsWith("guard-socket is"), refused.getMessage());
    }

    private static void refuses(String key, String name, String monitor, String folder, long millis) {
        IllegalArgumentException refused =
                assertThrows(IllegalArgumentException.class, () -> of(name, "", monitor, folder, millis));
        assertTrue(refused.getMessage().startsWith(key + " is"), refused.getMessage());
    }
}
