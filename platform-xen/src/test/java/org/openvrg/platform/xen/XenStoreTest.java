package org.openvrg.platform.xen;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.platform.xen.XenStore.VirtualDisk;

/** On what a Xen 4.17 host told, and on programs that answer like those of XenStore. */
class XenStoreTest {
    private static final UUID ONE = UUID.fromString("11112222-3333-4444-5555-666677778888");
    private static final UUID TWO = UUID.fromString("aaaabbbb-cccc-dddd-eeee-ffff00001111");

    @TempDir
    Path folder;

    private static List<String> recorded() throws IOException {
        try (InputStream in = XenStoreTest.class.getResourceAsStream("xenstore-libxl.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    /** A store whose programs are lines of a shell. */
    private XenStore store(String list, String read) throws IOException {
        Path script = Files.writeString(
                folder.resolve("dom0"),
                "program=$1\nshift\ncase $program in\nxenstore-list) " + list + " ;;\nxenstore-read) " + read
                        + " ;;\nesac\n");
        return new XenStore(new Dom0("h", List.of("sh", script.toString()), Duration.ofSeconds(30)));
    }

    @Test
    void findsTheDisksOfEachDomain() throws IOException {
        Map<Integer, List<VirtualDisk>> disks = XenStore.parse(recorded()).disks();
        assertEquals(1, disks.size());
        assertEquals(Set.of(), XenStore.parse(recorded()).emulated(), "it is a paravirtual guest");
        assertEquals(
                List.of(51712, 51728, 51936, 51952, 268441856, 268442112, 268445440),
                disks.get(2).stream().map(VirtualDisk::number).toList());
        assertEquals(
                List.of(1, 2, 15, 16, 26, 27, 40),
                disks.get(2).stream()
                        .map(disk -> XenSlots.slot(disk.number()).orElseThrow())
                        .toList());
        assertTrue(disks.get(2).stream().allMatch(disk -> disk.backendKind().equals(Optional.of("qdisk"))));
    }

    @Test
    void tellsGuestsWithEmulatedDevices() {
        assertEquals(
                Set.of(7),
                XenStore.parse(List.of(
                                "/libxl/6/type = \"pvh\"", "/libxl/7/type = \"hvm\"", "/libxl/8/device/type = \"hvm\""))
                        .emulated());
    }

    @Test
    void tellsOtherBackEnds() {
        assertEquals(Optional.of("vbd"), new VirtualDisk(51712, "/local/domain/0/backend/vbd/3/51712").backendKind());
        assertEquals(Optional.empty(), new VirtualDisk(51712, "/local/domain/7/backend/qdisk/3/51712").backendKind());
        assertEquals(Optional.empty(), new VirtualDisk(51712, "/local/domain/0/backend/qdisk").backendKind());
    }

    @Test
    void passesOverWhatHasAnotherForm() {
        assertEquals(
                Map.of(),
                XenStore.parse(List.of(
                                "",
                                "/libxl/2/device/vbd/51712 = \"\"",
                                "/libxl/2/device/vbd/51712/frontend = \"/local/domain/2/device/vbd/51712\"",
                                "/libxl/2/device/vbd/99999999999/backend = \"/local/domain/0/backend/qdisk/2/1\"",
                                "/libxl/x/device/vbd/51712/backend = \"/local/domain/0/backend/qdisk/2/1\"",
                                "/libxl/2/device/vbd/51712/backend = \"/local/\\\"/51712\"",
                                "/local/domain/2/data/x/libxl/2/device/vbd/51712/backend = \"/a\""))
                        .disks());
    }

    @Test
    void findsTheVmOfEachDomain() throws Exception {
        XenStore store = store("printf '0\\n3\\n12\\n'", "printf '/vm/" + ONE + "\\n/vm/" + TWO + "\\n'");
        assertEquals(Map.of(3, ONE, 12, TWO), store.domains());
    }

    @Test
    void passesOverADomainThatGoesMeanwhile() throws Exception {
        XenStore store = store("printf '0\\n3\\n4\\n'", "[ \"$*\" = /local/domain/4/vm ] && echo /vm/" + TWO);
        assertEquals(Map.of(4, TWO), store.domains());
    }

    @Test
    void knowsAHostWithoutGuests() throws Exception {
        assertEquals(Map.of(), store("echo 0", "false").domains());
    }

    @Test
    void tellsWhatKeepsItFromAsking() throws Exception {
        XenStore store = store("echo 'no connection to the daemon' >&2; exit 7", "false");
        PlatformException failed = assertThrows(PlatformException.class, store::domains);
        assertEquals(
                "xenstore-list on the Xen host h ended with code 7: no connection to the daemon", failed.getMessage());
    }

    @Test
    void givesACommandUpThatDoesNotEnd() {
        Dom0 dom0 = new Dom0("h", List.of("sleep"), Duration.ofMillis(200));
        PlatformException late = assertThrows(PlatformException.class, () -> dom0.run("1000"));
        assertEquals("1000 on the Xen host h did not end within 200 ms", late.getMessage());
    }

    @Test
    void givesNoShellAnythingToChange() {
        Dom0 dom0 = new Dom0("h", List.of("echo"), Duration.ofSeconds(30));
        for (String word : List.of("a b", "$x", "`x`", "a;b", "a|b", "'", "*", "", "a\nb", "~", "(")) {
            assertThrows(IllegalArgumentException.class, () -> dom0.run("x", word), word);
        }
    }

    @Test
    void tellsThatAProgramIsMissing() {
        Dom0 dom0 = new Dom0("h", List.of(folder.resolve("missing").toString()), Duration.ofSeconds(30));
        PlatformException failed = assertThrows(PlatformException.class, () -> dom0.run("xenstore-list", "/"));
        assertTrue(failed.getMessage().contains("there is no program"), failed.getMessage());
    }
}
