package org.openvrg.platform.kvm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LibvirtHostTest {
    @TempDir
    Path folder;

    @Test
    void takesDaemonsWithTheirReaders() {
        List<LibvirtHost> hosts = LibvirtHost.parse(
                "qemu:///system;readers=/run/vms/../x , qemu+ssh://a/system;readers=a:1-2,,qemu+tls://b/system;readers=[::1]:9-9");
        assertEquals(3, hosts.size());
        assertEquals(new LibvirtHost.Folder(Path.of("/run/x")), hosts.get(0).readers());
        assertEquals(new LibvirtHost.Ports("a", 1, 2), hosts.get(1).readers());
        assertEquals(new LibvirtHost.Ports("::1", 9, 9), hosts.get(2).readers());
        assertTrue(LibvirtHost.parse(" ").isEmpty());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "qemu:///system | readers=FOLDER",
                "qemu:///system;readers= | HOST:PORT-PORT",
                "qemu:///system;reader=/x | readers=FOLDER",
                "qemu:///system;readers=a:2-1 | the smaller first",
                "qemu:///system;readers=a:0-1 | 1 to 65535",
                "qemu:///system;readers=a:1-65536 | 1 to 65535",
                "qemu:///system;readers=a:1 | HOST:PORT-PORT",
                "qemu+tls://a/system;readers=/x | only this machine's libvirt",
                "qemu+tcp://a/system;readers=a:1-2 | must begin with",
                "qemu:///system;readers=/a,qemu+unix:///system;readers=/b | twice"
            })
    void namesWhatIsWrong(String text, String part) {
        String message = assertThrows(IllegalArgumentException.class, () -> LibvirtHost.parse(text))
                .getMessage();
        assertTrue(message.startsWith("libvirt has ") && message.contains(part), message);
    }

    @Test
    void aSocketsPathHasItsLimit() {
        String longest = "/" + "a".repeat(65);
        LibvirtHost.parse("qemu:///system;readers=" + longest);
        assertThrows(
                IllegalArgumentException.class, () -> LibvirtHost.parse("qemu:///system;readers=" + longest + "a"));
    }

    @Test
    void tlsTakesKeys() {
        Map<String, Object> values = Map.of("state", "/s", "libvirt", "qemu+tls://a/system;readers=a:1-2");
        String message = assertThrows(
                        IllegalArgumentException.class, () -> HostSettings.of(HostSettingsTest.config(values)))
                .getMessage();
        assertTrue(message.contains("tls-keystore-file"), message);
    }

    @Test
    void aDomainKeepsItsPort() throws Exception {
        Path file = folder.resolve("sub/ports");
        LibvirtHost.Ports range = new LibvirtHost.Ports("a", 10, 11);
        UUID one = UUID.randomUUID();
        UUID two = UUID.randomUUID();
        UUID three = UUID.randomUUID();
        ReaderPorts ports = new ReaderPorts(file, range);
        assertEquals(Optional.of(10), ports.of(one, Set.of(one, two)));
        assertEquals(Optional.of(11), ports.of(two, Set.of(one, two)));
        assertEquals(Optional.empty(), ports.of(three, Set.of(one, two, three)));

        ports = new ReaderPorts(file, range);
        assertEquals(Optional.of(11), ports.of(two, Set.of()));
        // the first one does not run any more
        assertEquals(Optional.of(10), ports.of(three, Set.of(two, three)));

        Files.writeString(
                file, "nonsense\n" + one + " 12\n" + one + " 10 1\n" + two + " 10\n" + three + " 10\n\0\u00ff");
        ports = new ReaderPorts(file, range);
        assertEquals(Optional.of(10), ports.of(two, Set.of()));
        assertEquals(Optional.of(11), ports.of(three, Set.of()));
    }

    @Test
    void theOneThatNobodyAskedForTheLongestIsForgotten() {
        Wanted wanted = new Wanted();
        UUID first = new UUID(0, 0);
        UUID second = new UUID(0, 1);
        assertTrue(wanted.note(first));
        assertTrue(wanted.note(second));
        assertEquals(false, wanted.note(first));
        for (int i = 2; i <= 10_000; i++) {
            wanted.note(new UUID(0, i));
        }
        assertTrue(wanted.has(first));
        assertEquals(false, wanted.has(second));
    }
}
