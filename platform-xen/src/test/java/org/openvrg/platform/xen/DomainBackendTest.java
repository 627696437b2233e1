package org.openvrg.platform.xen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.qemu.mirror.LiveDisk;

/** On what the QEMU of a guest with disks in slots 1, 2, 15, 16, 26, 27 and 40 told. */
class DomainBackendTest {
    private static final int DOMAIN = 2;

    @TempDir
    Path folder;

    private final Map<String, String> names = new HashMap<>();
    private ArrayNode drives;
    private ScriptedMonitor monitor;
    private DomainBackend backend;

    @BeforeEach
    void start() throws IOException {
        try (InputStream in = DomainBackendTest.class.getResourceAsStream("query-block.json")) {
            drives = (ArrayNode) new ObjectMapper().readTree(in);
        }
        int device = 2;
        for (String name : List.of("xvda0", "xvdb0", "xvdo0", "xvdp0", "xvdz0", "xvdaa0", "xvdan0")) {
            names.put("/machine/unattached/device[" + device++ + "]", name);
        }
        monitor = new ScriptedMonitor(folder.resolve("m-" + DOMAIN), this::answer);
        HostSettings settings = new HostSettings(
                "h",
                List.of(),
                folder.resolve("m-") + HostSettings.DOMAIN_ID,
                Optional.empty(),
                Path.of("/tmp"),
                Duration.ofSeconds(5));
        backend = new DomainBackend(settings, new Dom0("h", List.of(), Duration.ofSeconds(30)), DOMAIN);
    }

    @AfterEach
    void stop() throws IOException {
        backend.close();
        monitor.close();
    }

    private JsonNode answer(JsonNode command) {
        return switch (command.path("execute").asText()) {
            case "query-block" -> drives;
            case "qom-get" -> {
                String name = names.getOrDefault(command.at("/arguments/path").asText(), "");
                boolean type = command.at("/arguments/property").asText().equals("type");
                yield new TextNode(type ? name.isEmpty() ? "ide-hd" : "xen-disk" : name);
            }
            default -> new ObjectMapper().createObjectNode();
        };
    }

    @ParameterizedTest
    @CsvSource({"1, 2", "2, 3", "15, 4", "16, 5", "26, 6", "27, 7", "40, 8"})
    void findsTheDiskOfASlot(int slot, int device) throws Exception {
        String name = XenSlots.deviceName(slot);
        LiveDisk disk = backend.find(name);
        assertEquals(name + "-raw", disk.node());
        assertEquals("/machine/unattached/device[" + device + "]", disk.device());
        assertEquals(8 << 20, disk.sizeBytes());
        assertFalse(disk.persistent());
        assertEquals(UnixDomainSocketAddress.of("/tmp/h-2.nbd"), disk.reader());
        assertSame(disk.monitor(), backend.find(name).monitor());
    }

    @Test
    void tellsWhatIsNotServed() {
        PlatformException none = assertThrows(PlatformException.class, () -> backend.find("xvdc"));
        assertEquals("the QEMU of domain 2 on the Xen host h serves no xvdc", none.getMessage());
        // the name of another disk begins with this one
        names.values().removeIf("xvda0"::equals);
        assertThrows(PlatformException.class, () -> backend.find("xvda"));
    }

    @Test
    void refusesADiskThatIsAnEmulatedOneAsWell() throws Exception {
        ObjectNode emulated = drives.get(0).deepCopy();
        emulated.put("qdev", "/machine/unattached/device[99]");
        drives.insert(0, emulated);
        PlatformException twice = assertThrows(PlatformException.class, () -> backend.find("xvda"));
        assertTrue(twice.getMessage().contains("as an emulated disk as well"), twice.getMessage());
        backend.find("xvdb");
        ((ObjectNode) emulated.get("inserted")).put("ro", true);
        backend.find("xvda");
    }

    @Test
    void connectsAgainAfterTheMonitorWasLost() throws Exception {
        backend.find("xvda").monitor().close();
        assertTrue(backend.find("xvda").monitor().isOpen());
    }

    @Test
    void isOfNoUseOnceItIsClosed() throws Exception {
        LiveDisk disk = backend.find("xvda");
        backend.close();
        assertFalse(disk.monitor().isOpen());
        assertThrows(PlatformException.class, () -> backend.find("xvda"));
    }
}
