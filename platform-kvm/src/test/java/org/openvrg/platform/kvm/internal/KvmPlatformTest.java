package org.openvrg.platform.kvm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.MirrorPlatform.Capture;
import org.openvrg.api.platform.MirrorPlatform.CaptureListener;
import org.openvrg.api.platform.UnseenWrites;
import org.openvrg.qemu.qmp.QmpAddress;
import org.openvrg.qemu.qmp.QmpClient;
import org.openvrg.qemu.qmp.QmpListener;

/** The platform on a real QEMU without a guest, its exports an NBD server that is not ours. */
class KvmPlatformTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final UUID VM = UUID.fromString("11111111-0d29-4a4c-9a3b-0c7c6b1d9a10");
    private static final VolumeId FIRST = new VolumeId("6e1d1f5c-0d29-4a4c-9a3b-0c7c6b1d9a10");
    private static final VolumeId SECOND = new VolumeId("7e1d1f5c-0d29-4a4c-9a3b-0c7c6b1d9a10");
    private static final int DISK_BYTES = 16 << 20;
    private static final String DEVICE = "/machine/peripheral/vd1/virtio-backend";

    @TempDir
    Path folder;

    private final List<Process> processes = new ArrayList<>();
    private final Told told = new Told();
    private KvmPlatform platform;

    /** Keeps what a capture tells. */
    private static final class Told implements CaptureListener {
        final BlockingQueue<UnseenWrites> live = new LinkedBlockingQueue<>();
        final BlockingQueue<String> lost = new LinkedBlockingQueue<>();

        @Override
        public void live(UnseenWrites unseen) {
            live.add(unseen);
        }

        @Override
        public void lost(String reason) {
            lost.add(reason);
        }

        @Override
        public void replaced(String reason) {
            lost.add(reason);
        }

        static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
            T next = queue.poll(SOON.toSeconds(), TimeUnit.SECONDS);
            assertNotNull(next, "the listener was not told");
            return next;
        }
    }

    @BeforeEach
    void start() throws Exception {
        for (String name : List.of("a.raw", "b.raw", "target.raw")) {
            try (RandomAccessFile file =
                    new RandomAccessFile(folder.resolve(name).toFile(), "rw")) {
                file.setLength(DISK_BYTES);
            }
        }
        // so slow to notice a stall by itself that only the guard can be the one who does
        platform = new KvmPlatform(HostSettings.of(HostSettingsTest.config(Map.of(
                "folder", folder.toString(),
                "state", folder.resolve("state").toString(),
                "scan-millis", 200,
                "stall-millis", 60_000,
                "watchdog-silence-millis", 1_000))));
    }

    @AfterEach
    void stop() throws Exception {
        try {
            platform.close();
        } finally {
            for (Process process : processes) {
                process.destroyForcibly();
                assertTrue(process.waitFor(SOON.toSeconds(), TimeUnit.SECONDS));
            }
        }
    }

    private Process run(List<String> command, Path ready) throws IOException {
        Files.deleteIfExists(ready);
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("log").toFile())
                    .start();
        } catch (IOException e) {
            throw new AssertionError(command.get(0) + " is missing: apt-get install qemu-system-x86 nbdkit", e);
        }
        processes.add(process);
        await(() -> Files.exists(ready));
        return process;
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) {
        long deadline = System.nanoTime() + SOON.toNanos();
        try {
            while (!condition.holds()) {
                assertTrue(System.nanoTime() < deadline, "not within " + SOON);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private Process qemu() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "qemu-system-x86_64",
                "-accel",
                "tcg",
                "-m",
                "32",
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none"));
        command.addAll(List.of("-S", "-uuid", VM.toString()));
        for (String monitor : List.of("vm.qmp", "vm.guard", "hands")) {
            command.addAll(List.of("-qmp", "unix:" + folder.resolve(monitor) + ",server=on,wait=off"));
        }
        command.addAll(List.of("-drive", "if=none,id=a,format=raw,file=" + folder.resolve("a.raw")));
        command.addAll(List.of("-device", "virtio-blk-pci,drive=a,id=vd1,serial=" + FIRST));
        command.addAll(List.of("-drive", "if=none,id=b,format=raw,file=" + folder.resolve("b.raw")));
        command.addAll(List.of("-device", "virtio-blk-pci,drive=b,id=vd2"));
        return run(command, folder.resolve("hands"));
    }

    private Process target() throws IOException {
        Path socket = folder.resolve("target");
        return run(
                List.of(
                        "nbdkit",
                        "-f",
                        "-U",
                        socket.toString(),
                        "file",
                        folder.resolve("target.raw").toString()),
                socket);
    }

    private URI export() {
        return URI.create("nbd+unix:///?socket=" + folder.resolve("target"));
    }

    private static DiskRef disk(UUID vm, VolumeId volume, int slot) {
        return new DiskRef(vm, volume, slot == 0 ? OptionalInt.empty() : OptionalInt.of(slot));
    }

    /** Writes 4 KiB through the first disk's device, and waits for the device's answer. */
    private void write(int pattern, long offset) throws Exception {
        try (QmpClient hands = QmpClient.open(QmpAddress.unix(folder.resolve("hands")), SOON, QmpListener.NONE)) {
            String line = "qemu-io -d " + DEVICE + " \"write -P " + pattern + " " + offset + " 4096\"";
            String said = hands.execute(
                            "human-monitor-command", QmpClient.arguments().put("command-line", line), SOON)
                    .asText();
            assertTrue(said.isBlank(), said);
        }
    }

    private int at(String file, long offset) throws IOException {
        try (RandomAccessFile image = new RandomAccessFile(folder.resolve(file).toFile(), "r")) {
            image.seek(offset);
            return image.read();
        }
    }

    @Test
    void findsDisksBySerialAndBySlot() throws Exception {
        assertFalse(platform.hosts(disk(VM, FIRST, 0)));
        Process qemu = qemu();
        await(() -> platform.hosts(disk(VM, FIRST, 0)));
        assertTrue(platform.hosts(disk(VM, SECOND, 2)));
        assertFalse(platform.hosts(disk(VM, SECOND, 0)));
        assertFalse(platform.hosts(disk(VM, SECOND, 1)));
        assertFalse(platform.hosts(disk(UUID.randomUUID(), FIRST, 1)));
        qemu.destroyForcibly();
        await(() -> !platform.hosts(disk(VM, FIRST, 0)));
        assertThrows(PlatformException.class, () -> platform.startCapture(disk(VM, FIRST, 0), export(), told));
        assertEquals(
                StorageException.Kind.PATH_WRONG,
                assertThrows(StorageException.class, () -> platform.open(disk(VM, FIRST, 0)))
                        .kind());
        assertThrows(PlatformException.class, () -> platform.checkSlot(OptionalInt.of(41)));
        assertEquals("vdan", platform.deviceName(40));
    }

    @Test
    void capturesAndFollowsARestart() throws Exception {
        Process qemu = qemu();
        target();
        await(() -> platform.hosts(disk(VM, FIRST, 0)));
        Capture capture = platform.startCapture(disk(VM, FIRST, 0), export(), told);
        assertFalse(Told.next(told.live).known());
        write(3, 4096);
        assertEquals(3, at("target.raw", 4096));
        try (BlockVolume reader = platform.open(disk(VM, FIRST, 0))) {
            ByteBuffer bytes = ByteBuffer.allocate(1);
            reader.read(4096, bytes);
            assertEquals(3, bytes.get(0));
        }
        qemu.destroyForcibly();
        Told.next(told.lost);
        qemu();
        assertFalse(Told.next(told.live).known());
        write(4, 8192);
        assertEquals(4, at("target.raw", 8192));
        capture.forget();
        write(5, 8192);
        assertEquals(4, at("target.raw", 8192));
    }

    @Test
    void theGuardCutsOffAServerThatDoesNotAnswer() throws Exception {
        qemu();
        Process target = target();
        await(() -> platform.hosts(disk(VM, FIRST, 0)));
        platform.startCapture(disk(VM, FIRST, 0), export(), told);
        Told.next(told.live);
        await(() -> platform.isGuarded(UnixDomainSocketAddress.of(folder.resolve("vm.guard"))));
        signal("STOP", target);
        try {
            // without the guard this would hang until the deadline
            write(6, 0);
            assertEquals(6, at("a.raw", 0));
            Told.next(told.lost);
        } finally {
            signal("CONT", target);
        }
        UnseenWrites unseen = Told.next(told.live);
        assertTrue(unseen.known());
        assertEquals(1, unseen.ranges().size());
        assertEquals(0, unseen.ranges().get(0).offsetBytes());
    }

    private static void signal(String name, Process process) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start();
        assertTrue(kill.waitFor(SOON.toSeconds(), TimeUnit.SECONDS) && kill.exitValue() == 0);
    }
}
