package org.openvrg.itests.xen;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.VrgException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.MirrorPlatform.Capture;
import org.openvrg.api.platform.UnseenWrites;
import org.openvrg.itests.Await;
import org.openvrg.itests.Ports;
import org.openvrg.itests.Tools;
import org.openvrg.platform.xen.HostSettings;
import org.openvrg.platform.xen.XenHost;
import org.openvrg.platform.xen.XenPlatform;
import org.openvrg.qemu.mirror.MirrorSettings;

/** The platform by itself on a real Xen: a guest's writes arrive at NBD exports, slot by slot. nbdkit stands where the gateway is. */
@Tag("long")
class XenCaptureTest {
    private static final System.Logger LOG = System.getLogger(XenCaptureTest.class.getName());
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final int[] SLOTS = {1, 2, 15, 16, 26, 27, 40};
    private static final long DISK_BYTES = 4 << 20;
    private static final int BLOCK_BYTES = 64 << 10;
    private static final UUID VM = UUID.fromString("0d5a3c1e-7b1f-4c55-9f0e-6a2b8c4d1e01");

    private static Path folder;
    private static NestedXen xen;
    private static Process exports;
    private static int exportPort;
    private static XenHost host;
    private static XenPlatform platform;
    private static XenGuest guest;
    private static Path sockets;

    @BeforeAll
    static void start() throws IOException, InterruptedException, PlatformException {
        folder = Path.of(System.getProperty("vrg.work"), "xen-capture-" + UUID.randomUUID())
                .toAbsolutePath();
        xen = NestedXen.shared();
        Files.createDirectories(folder);
        startExports();
        sockets = Files.createTempDirectory("vrg-xen");
        host = new XenHost(new HostSettings(
                "nested",
                xen.prefix(),
                HostSettings.DEFAULT_MONITOR,
                Optional.empty(),
                sockets,
                Duration.ofSeconds(1)));
        platform = new XenPlatform(patient(), folder.resolve("state"), Optional.empty());
        platform.add(host);
        Map<String, Long> disks = new LinkedHashMap<>();
        for (int slot : SLOTS) {
            disks.put(platform.deviceName(slot), DISK_BYTES);
        }
        guest = new XenGuest(xen, "guest", VM, disks);
        guest.start();
    }

    /** A machine in a machine without KVM is slow, and asked through ssh. */
    private static MirrorSettings patient() {
        MirrorSettings standard = MirrorSettings.standard();
        return new MirrorSettings(
                standard.rotation(),
                standard.tick(),
                Duration.ofSeconds(30),
                standard.firstRetry(),
                standard.lastRetry(),
                Optional.empty());
    }

    /** Empty images of the disks' size, each an export. */
    private static void startExports() throws IOException, InterruptedException {
        Path images = Files.createDirectories(folder.resolve("exports"));
        for (int slot : SLOTS) {
            try (RandomAccessFile file =
                    new RandomAccessFile(images.resolve(volume(slot).value()).toFile(), "rw")) {
                file.setLength(DISK_BYTES);
            }
        }
        exportPort = Ports.free(1)[0];
        exports = Tools.start(
                folder.resolve("nbdkit.log"),
                List.of("nbdkit", "-f", "-i", "127.0.0.1", "-p", "" + exportPort, "file", "dir=" + images));
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        if (host != null) {
            host.close();
            Files.delete(sockets);
        }
        if (exports != null) {
            exports.destroyForcibly().onExit().join();
        }
        if (guest != null) {
            guest.destroy();
        }
    }

    private static VolumeId volume(int slot) {
        return new VolumeId("slot-" + slot);
    }

    private static DiskRef disk(int slot) {
        return new DiskRef(VM, volume(slot), OptionalInt.of(slot));
    }

    private static Capture capture(int slot, Told told) throws PlatformException {
        URI export = URI.create("nbd://" + NestedXen.GATEWAY + ":" + exportPort + "/" + volume(slot));
        return platform.startCapture(disk(slot), export, told);
    }

    private static void write(int slot, int value, int firstBlock, int blocks)
            throws IOException, InterruptedException, PlatformException {
        guest.fill(platform.deviceName(slot), value, firstBlock, blocks, BLOCK_BYTES);
    }

    private static byte[] inDom0(int slot) throws IOException, InterruptedException, PlatformException {
        return xen.read(guest.file(platform.deviceName(slot)));
    }

    private static byte[] atExport(int slot) throws IOException {
        return Files.readAllBytes(folder.resolve("exports").resolve(volume(slot).value()));
    }

    private static byte[] live(int slot) throws StorageException {
        try (BlockVolume reader = platform.open(disk(slot))) {
            ByteBuffer content = ByteBuffer.allocate((int) reader.sizeBytes());
            reader.read(0, content);
            return content.array();
        }
    }

    @Test
    void capturesTheWritesOfEverySlot() throws Exception {
        Await.until(SOON, () -> "the VM is seen", () -> platform.hosts(disk(40)));
        assertFalse(platform.hosts(new DiskRef(VM, volume(3), OptionalInt.of(3))), "there is no disk in slot 3");
        assertFalse(platform.hosts(new DiskRef(new UUID(1, 1), volume(1), OptionalInt.of(1))), "another VM");

        Map<Integer, Told> told = new LinkedHashMap<>();
        Map<Integer, Capture> captures = new LinkedHashMap<>();
        for (int slot : SLOTS) {
            told.put(slot, new Told());
            captures.put(slot, capture(slot, told.get(slot)));
        }
        for (int slot : SLOTS) {
            Await.until(SOON, () -> "slot " + slot + ": " + told.get(slot), () -> !told.get(slot)
                    .lives()
                    .isEmpty());
            assertEquals(List.of(UnseenWrites.unknown()), told.get(slot).lives(), "nobody watched before");
        }

        for (int slot : SLOTS) {
            write(slot, 64 + slot, slot % 8, 3);
        }
        for (int slot : SLOTS) {
            byte[] expected = new byte[(int) DISK_BYTES];
            java.util.Arrays.fill(expected, slot % 8 * BLOCK_BYTES, (slot % 8 + 3) * BLOCK_BYTES, (byte) (64 + slot));
            assertArrayEquals(expected, inDom0(slot), "dom0's file of slot " + slot);
            assertArrayEquals(expected, atExport(slot), "export of slot " + slot);
            assertArrayEquals(expected, live(slot), "live disk in slot " + slot);
            LOG.log(
                    Level.INFO,
                    "slot {0} = {1}: {2} bytes at its export",
                    slot,
                    platform.deviceName(slot),
                    3 * BLOCK_BYTES);
        }

        seesWhatWasWrittenMeanwhile(captures, told);
        for (int slot : SLOTS) {
            captures.get(slot).forget();
        }
        assertFalse(monitor("query-named-block-nodes").contains("vrg-"), "something is left in QEMU");
    }

    /** The gateway is away, the guest writes, and the host tells exactly what. */
    private void seesWhatWasWrittenMeanwhile(Map<Integer, Capture> captures, Map<Integer, Told> told)
            throws VrgException, IOException, InterruptedException {
        for (int slot : new int[] {16, 40}) {
            captures.get(slot).close();
            write(slot, 32, 20, 2);
            Told again = new Told();
            told.put(slot, again);
            captures.put(slot, capture(slot, again));
            Await.until(SOON, () -> "slot " + slot + ": " + again, () -> !again.lives()
                    .isEmpty());
            UnseenWrites.Range both = new UnseenWrites.Range(20L * BLOCK_BYTES, 2L * BLOCK_BYTES);
            assertEquals(List.of(UnseenWrites.in(List.of(both))), again.lives());
            write(slot, 33, 40, 1);
            byte[] export = atExport(slot);
            assertEquals(33, export[40 * BLOCK_BYTES]);
            assertEquals(0, export[20 * BLOCK_BYTES], "the export was not given it");
        }
    }

    private static String monitor(String command) throws IOException, InterruptedException {
        return xen.run("(echo '{\"execute\":\"qmp_capabilities\"}{\"execute\":\"" + command + "\"}'; sleep 1)"
                + " | socat - UNIX-CONNECT:/var/run/xen/qmp-libxl-$(xl domid guest)");
    }

    @Test
    void refusesWhatCanNotBeCaptured() {
        URI export = URI.create("nbd://" + NestedXen.GATEWAY + ":" + exportPort + "/slot-1");
        assertTrue(
                message(new DiskRef(VM, volume(1), OptionalInt.empty()), export).contains("seqNum is missing"));
        assertTrue(
                message(new DiskRef(VM, volume(1), OptionalInt.of(41)), export).contains("41 is not in 1..40"));
        assertTrue(message(disk(3), export).contains("no disk in slot 3, as xvdc"));
        assertTrue(message(new DiskRef(new UUID(1, 1), volume(1), OptionalInt.of(1)), export)
                .contains("runs on no Xen host"));
    }

    private static String message(DiskRef disk, URI export) {
        return assertThrows(PlatformException.class, () -> platform.startCapture(disk, export, new Told()))
                .getMessage();
    }
}
