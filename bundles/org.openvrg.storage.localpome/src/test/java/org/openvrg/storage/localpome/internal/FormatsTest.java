package org.openvrg.storage.localpome.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.qemu.storage.internal.Daemons;

/** Every format, made, written and read; QEMU's own tool is the judge. */
class FormatsTest {
    private static final Ownership OWNER = new Ownership(new UUID(1, 1), 1);
    private static final int MIB = 1 << 20;
    private static final long SIZE_BYTES = 64L * MIB;

    @TempDir
    Path folder;

    private Daemons daemons;
    private Path root;

    @BeforeEach
    void start() throws Exception {
        root = Files.createDirectory(folder.resolve("root"));
        daemons = Daemons.of(folder.resolve("run"), Duration.ofSeconds(30), Duration.ofSeconds(30));
    }

    @AfterEach
    void stop() {
        daemons.close();
    }

    @ParameterizedTest
    @CsvSource({"qcow2,qcow2,8", "vhd,vpc,24", "vhdx,vhdx,40", "vmdk,vmdk,8", "raw,raw,8"})
    void holdsWhatWasWrittenAndStaysSparse(String suffix, String driver, long mostMib) throws Exception {
        byte[] model = new byte[(int) SIZE_BYTES];
        String url = "disk." + suffix;
        try (Datastore store = new Datastore(new Settings("", root, true, true), daemons)) {
            StorageVolume volume = store.open(spec(url, Map.of()), OWNER);
            assertEquals(SIZE_BYTES, volume.sizeBytes());
            Random random = new Random(7);
            for (int at : new int[] {0, 5 * MIB + 513, 40 * MIB, (int) SIZE_BYTES - MIB}) {
                byte[] bytes = new byte[MIB];
                random.nextBytes(bytes);
                volume.write(at, ByteBuffer.wrap(bytes));
                System.arraycopy(bytes, 0, model, at, MIB);
            }
            volume.zero(8L * MIB, 30L * MIB, true);
            volume.release();
        }
        Path file = root.resolve(url);
        try (Stream<Path> files = Files.list(root)) {
            assertEquals(List.of(file), files.toList());
        }
        Path raw = folder.resolve("raw");
        Tools.run(List.of("qemu-img", "convert", "-f", driver, "-O", "raw", file.toString(), raw.toString()));
        assertArrayEquals(model, Files.readAllBytes(raw));
        assertTrue(allocatedBytes(file) < mostMib * MIB, "allocated: " + allocatedBytes(file));
    }

    @ParameterizedTest
    @CsvSource({"disk.qcow2", "disk.raw"})
    void trimmedSpaceIsGivenBack(String url) throws Exception {
        byte[] bytes = new byte[16 * MIB];
        new Random(1).nextBytes(bytes);
        try (Datastore store = new Datastore(new Settings("", root, true, true), daemons);
                StorageVolume volume = store.open(spec(url, Map.of()), OWNER)) {
            volume.write(0, ByteBuffer.wrap(bytes));
            volume.flush();
            long full = allocatedBytes(root.resolve(url));
            volume.zero(0, 12L * MIB, true);
            volume.flush();
            long trimmed = allocatedBytes(root.resolve(url));
            assertTrue(full - trimmed >= 11L * MIB, full + " before, " + trimmed + " after");
        }
    }

    @Test
    void theFormatMayBeTold() throws Exception {
        try (Datastore store = new Datastore(new Settings("", root, true, false), daemons)) {
            store.open(spec("disk", Map.of("format", "qcow2")), OWNER).release();
            assertTrue(
                    Tools.run(List.of("qemu-img", "info", root.resolve("disk").toString()))
                            .contains("file format: qcow2"));
            StorageException refused = assertThrows(
                    StorageException.class, () -> store.open(spec("disk", Map.of("format", "zip")), OWNER));
            assertEquals(Kind.PATH_WRONG, refused.kind());
            assertTrue(refused.getMessage().contains("raw, qcow2, vhd, vhdx, vmdk"), refused.getMessage());
        }
    }

    /** The guest wrote an image into its raw disk, and it stays what it is: bytes. */
    @Test
    void aRawImageIsNeverLookedInto() throws Exception {
        Files.writeString(folder.resolve("secret"), "s".repeat(4 * MIB));
        Path disk = root.resolve("disk.raw");
        Tools.run(List.of(
                "qemu-img",
                "create",
                "-q",
                "-f",
                "qcow2",
                "-F",
                "raw",
                "-b",
                folder.resolve("secret").toString(),
                disk.toString()));
        byte[] bytes = Files.readAllBytes(disk);
        for (boolean punchHoles : new boolean[] {false, true}) {
            try (Datastore store = new Datastore(new Settings("", root, true, punchHoles), daemons)) {
                VolumeSpec small = new VolumeSpec(
                        new VolumeId("disk"), "disk.raw", Optional.empty(), Map.of(), OptionalLong.empty());
                StorageVolume volume = store.open(small, OWNER);
                ByteBuffer read = ByteBuffer.allocate(bytes.length);
                volume.read(0, read);
                assertArrayEquals(bytes, read.array());
                volume.release();
            }
        }
    }

    private static long allocatedBytes(Path file) throws Exception {
        return Long.parseLong(
                        Tools.run(List.of("stat", "-c", "%b", file.toString())).strip())
                * 512;
    }

    private static VolumeSpec spec(String url, Map<String, String> extParams) {
        return new VolumeSpec(new VolumeId("disk"), url, Optional.empty(), extParams, OptionalLong.of(SIZE_BYTES));
    }
}
