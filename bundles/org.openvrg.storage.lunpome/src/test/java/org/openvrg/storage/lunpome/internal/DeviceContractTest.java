package org.openvrg.storage.lunpome.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.NamedStores;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.qemu.storage.internal.Daemons;
import org.openvrg.testkit.StorageProviderContract;

/** The contract on real block devices: loop devices, which need root. */
class DeviceContractTest extends StorageProviderContract {
    @TempDir
    Path folder;

    private Path links;
    private Daemons daemons;
    private final NamedStores stores = new NamedStores();
    private final Map<String, String> loops = new HashMap<>();

    @BeforeEach
    void start() throws Exception {
        links = Files.createDirectory(folder.resolve("by-id"));
        daemons = Daemons.of(folder.resolve("run"), Duration.ofSeconds(30), Duration.ofSeconds(30));
        stores.add(new San(
                Settings.of(
                        "",
                        links.toString(),
                        "",
                        false,
                        "",
                        "",
                        "",
                        "",
                        folder.resolve("owners").toString(),
                        60,
                        16),
                daemons));
    }

    @AfterEach
    void stop() throws Exception {
        daemons.close();
        for (String loop : loops.values()) {
            run("losetup", "--detach", loop);
        }
    }

    @Override
    protected StorageProvider provider() {
        return stores;
    }

    @Override
    protected VolumeSpec volume(String name, long sizeBytes) throws Exception {
        if (!loops.containsKey(name)) {
            Path file = folder.resolve(name);
            try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
                made.setLength(sizeBytes);
            }
            String loop = run("losetup", "--find", "--show", file.toString()).strip();
            loops.put(name, loop);
            Files.createSymbolicLink(links.resolve(name), Path.of(loop));
        }
        return spec(links.resolve(name).toString());
    }

    @Override
    protected VolumeSpec missing() {
        return spec(links.resolve("missing").toString());
    }

    @Override
    protected List<VolumeSpec> escaping() throws Exception {
        Files.writeString(links.resolve("file"), "no device");
        Files.createSymbolicLink(links.resolve("null"), Path.of("/dev/null"));
        return Stream.of(
                        "/dev/loop0",
                        links + "/../by-id/x",
                        links.toString(),
                        links + "/file",
                        links + "/null",
                        "iscsi://127.0.0.1:3260/iqn.x/1",
                        "image.raw")
                .map(DeviceContractTest::spec)
                .toList();
    }

    @Test
    void whatIsMountedIsRefusedAndWhatIsOpenCanNotBeMounted() throws Exception {
        Ownership owner = new Ownership(new UUID(1, 1), 1);
        VolumeSpec spec = volume("disk", 8 << 20);
        String loop = loops.get("disk");
        run("mke2fs", "-q", "-t", "ext4", loop);
        Path point = Files.createDirectory(folder.resolve("mnt"));
        run("mount", loop, point.toString());
        try {
            StorageException refused = assertThrows(StorageException.class, () -> stores.open(spec, owner));
            assertEquals(Kind.OWNED_BY_OTHER, refused.kind(), refused.getMessage());
        } finally {
            run("umount", point.toString());
        }
        try (StorageVolume volume = stores.open(spec, owner)) {
            assertEquals(8 << 20, volume.sizeBytes());
            AssertionError busy = assertThrows(AssertionError.class, () -> run("mount", loop, point.toString()));
            assertTrue(busy.getMessage().contains("busy"), busy.getMessage());
        }
        run("mount", loop, point.toString());
        run("umount", point.toString());
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new AssertionError(List.of(command) + " (needs root): " + output);
        }
        return output;
    }

    private static VolumeSpec spec(String url) {
        return new VolumeSpec(new VolumeId("disk"), url, Optional.empty(), Map.of(), OptionalLong.empty());
    }
}
