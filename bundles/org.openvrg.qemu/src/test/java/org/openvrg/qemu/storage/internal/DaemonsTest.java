package org.openvrg.qemu.storage.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.qemu.storage.BlockLayer.ToolResult;
import org.openvrg.qemu.storage.BlockSource;
import org.openvrg.qemu.storage.ImageFormat;

/** Real daemons, and what may become of them. */
@Timeout(120)
class DaemonsTest {
    private static final long SIZE_BYTES = 8L << 20;
    private static final Duration START = Duration.ofSeconds(30);
    private static final Duration REQUEST = Duration.ofSeconds(2);
    private static final byte[] SAFE = {1, 2, 3};

    @TempDir
    Path folder;

    private Daemons daemons;

    @BeforeEach
    void start() throws Exception {
        // as deep as an appliance may be installed: longer than the address of a socket may be
        daemons = Daemons.of(folder.resolve("deep".repeat(40)).resolve("run"), START, REQUEST);
    }

    @AfterEach
    void stop() {
        daemons.close();
    }

    @Test
    void keepsWhatWasFlushedWhenItsDaemonIsKilled() throws Exception {
        BlockVolume volume = open();
        assertEquals(SIZE_BYTES, volume.sizeBytes());
        volume.write(4097, ByteBuffer.wrap(SAFE));
        volume.flush();
        volume.write(1 << 20, ByteBuffer.wrap(SAFE));
        daemon(ProcessHandle.current()).orElseThrow().destroyForcibly();
        StorageException failed = assertThrows(StorageException.class, () -> {
            while (true) {
                volume.write(1 << 20, ByteBuffer.wrap(SAFE));
            }
        });
        assertEquals(Kind.IO, failed.kind());
        failed = assertThrows(StorageException.class, volume::flush);
        assertEquals(Kind.IO, failed.kind(), "an unflushed write must not be taken for safe");
        volume.close();
        assertSafeBytes();
    }

    @Test
    void aDaemonThatHangsFailsItsVolumeInTime() throws Exception {
        BlockVolume volume = open();
        volume.write(4097, ByteBuffer.wrap(SAFE));
        volume.flush();
        ProcessHandle daemon = daemon(ProcessHandle.current()).orElseThrow();
        signal("STOP", daemon.pid());
        StorageException failed = assertThrows(StorageException.class, () -> volume.read(0, ByteBuffer.allocate(512)));
        assertTrue(failed.getMessage().contains("did not answer within 2000 ms"), failed.getMessage());
        assertFalse(daemon.isAlive(), "nothing of it may reach the storage any more");
        assertEquals(
                Kind.IO, assertThrows(StorageException.class, volume::flush).kind());
        volume.close();
        assertSafeBytes();
    }

    @Test
    void aSourceIsOpenOnlyOnce() throws Exception {
        try (BlockVolume volume = open()) {
            assertEquals(
                    Kind.OWNED_BY_OTHER,
                    assertThrows(StorageException.class, this::open).kind());
            assertEquals(SIZE_BYTES, volume.sizeBytes());
        }
        open().close();
    }

    @Test
    void anImageThatAnotherProcessHasOpenIsRefused() throws Exception {
        try (BlockVolume volume = open();
                Daemons other = Daemons.of(folder.resolve("other"), START, REQUEST)) {
            assertEquals(SIZE_BYTES, volume.sizeBytes());
            StorageException refused = assertThrows(StorageException.class, () -> other.open(source(), "disk"));
            assertEquals(Kind.OWNED_BY_OTHER, refused.kind(), refused.getMessage());
        }
    }

    @Test
    void saysWhatIsWrongWithoutFolders() {
        StorageException refused = assertThrows(StorageException.class, () -> daemons.open(source(), "disk"));
        assertEquals(Kind.PATH_WRONG, refused.kind(), refused.getMessage());
        assertTrue(refused.getMessage().contains("disk.qcow2"), refused.getMessage());
        assertFalse(refused.getMessage().contains(folder.toString()), refused.getMessage());
        for (int attempts = 0; ; attempts++) {
            refused = assertThrows(StorageException.class, () -> daemons.open(source(), "disk"));
            if (refused.getMessage().contains("next attempt")) {
                return;
            }
            assertTrue(attempts < 3, "attempts follow one another without a pause");
        }
    }

    @Test
    void secretsAreInPrivateFilesOnly() throws Exception {
        ToolResult seen = daemons.run(
                "disk",
                Map.of("password", "opensesame"),
                List.of("sh", "-c", "stat -c '%a %n' password .; cat password"));
        assertEquals("600 password\n700 .\nopensesame", seen.output());
        assertEquals(0, seen.code());
        BlockSource source = new BlockSource(List.of(), source().nodes(), Map.of("password", "opensesame"));
        assertFalse(source.toString().contains("opensesame"));
    }

    @Test
    void aToolThatHangsIsEnded() {
        StorageException failed =
                assertThrows(StorageException.class, () -> daemons.run("disk", Map.of(), List.of("sleep", "1000")));
        assertTrue(failed.getMessage().contains("did not end within 2 s"), failed.getMessage());
    }

    @Test
    void closingEndsTheDaemonsAndLeavesNothing() throws Exception {
        BlockVolume volume = open();
        ProcessHandle daemon = daemon(ProcessHandle.current()).orElseThrow();
        daemons.close();
        assertFalse(daemon.isAlive());
        assertThrows(StorageException.class, volume::flush);
        volume.close();
        try (Stream<Path> left = Files.list(folder.resolve("deep".repeat(40)).resolve("run"))) {
            assertEquals(
                    List.of("lock"),
                    left.map(path -> path.getFileName().toString()).toList());
        }
    }

    /** A process of its own, which opens a volume and is killed. */
    @Test
    void noDaemonOutlivesAKilledProcess() throws Exception {
        daemons.create(image(), ImageFormat.QCOW2, SIZE_BYTES);
        Process process = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        Holder.class.getName(),
                        folder.toString())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            String line = output.readLine();
            while (line != null && !line.equals("open")) {
                line = output.readLine();
            }
            assertEquals("open", line);
            ProcessHandle daemon = daemon(process.toHandle()).orElseThrow();
            assertEquals(
                    "rwx------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("holder"))));
            process.destroyForcibly().waitFor();
            await(() -> !daemon.isAlive());
        }
        open().close();
    }

    /** Holds a volume open until it is killed. */
    static final class Holder {
        private Holder() {}

        /** Opens the image in a folder. */
        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[0]);
            Daemons daemons = Daemons.of(folder.resolve("holder"), START, REQUEST);
            try (BlockVolume volume = daemons.open(source(folder.resolve("disk.qcow2")), "disk")) {
                volume.flush();
                System.out.println("open");
                Thread.currentThread().join();
            }
        }
    }

    private void assertSafeBytes() throws Exception {
        try (BlockVolume volume = open()) {
            ByteBuffer read = ByteBuffer.allocate(SAFE.length);
            volume.read(4097, read);
            assertArrayEquals(SAFE, read.array());
        }
    }

    private BlockVolume open() throws Exception {
        if (!Files.exists(image())) {
            daemons.create(image(), ImageFormat.QCOW2, SIZE_BYTES);
        }
        return daemons.open(source(), "disk");
    }

    private Path image() {
        return folder.resolve("disk.qcow2");
    }

    private BlockSource source() {
        return source(image());
    }

    private static BlockSource source(Path image) {
        return BlockSource.of(List.of(
                Map.of("driver", "file", "node-name", "file", "filename", image.toString()),
                Map.of("driver", "qcow2", "node-name", "image", "file", "file", "backing", Optional.empty())));
    }

    private static Optional<ProcessHandle> daemon(ProcessHandle parent) {
        return parent.children()
                .filter(child -> child.info().command().orElse("").endsWith("qemu-storage-daemon"))
                .findFirst();
    }

    private static void signal(String name, long pid) throws Exception {
        assertEquals(
                0,
                new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                        .inheritIO()
                        .start()
                        .waitFor());
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - deadline < 0, "not within a minute");
            LockSupport.parkNanos(1_000_000);
        }
    }
}
