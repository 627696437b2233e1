package org.openvrg.platform.inline.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.InlinePlatform;
import org.openvrg.testkit.Await;
import org.openvrg.testkit.InlinePlatformContract;

class FolderPlatformTest extends InlinePlatformContract {
    @TempDir
    Path parent;

    private Path folder;
    private VolumeFolder volumes;
    private FolderPlatform platform;

    @BeforeEach
    void start() throws Exception {
        folder = parent.resolve("made/volumes");
        volumes = new VolumeFolder(folder);
        platform = new FolderPlatform(volumes);
    }

    @AfterEach
    void stop() throws Exception {
        volumes.close();
    }

    @Override
    protected InlinePlatform platform() {
        return platform;
    }

    @Override
    protected void add(VolumeId volume, long sizeBytes) throws Exception {
        Path made = parent.resolve("made/new");
        try (RandomAccessFile file = new RandomAccessFile(made.toFile(), "rw")) {
            file.setLength(sizeBytes);
        }
        Files.move(made, file(volume));
    }

    @Override
    protected void remove(VolumeId volume) throws Exception {
        Files.delete(file(volume));
    }

    @Test
    void namesDevicesAsLinuxDoes() throws Exception {
        assertEquals("vda", platform.deviceName(1));
        assertEquals("vdz", platform.deviceName(26));
        assertEquals("vdaa", platform.deviceName(27));
        assertEquals("vdan", platform.deviceName(40));
    }

    @Test
    void ignoresWhatIsNoVolume() throws Exception {
        Files.createFile(folder.resolve("empty.raw"));
        Files.createDirectory(folder.resolve("folder.raw"));
        Files.writeString(folder.resolve("not valid.raw"), "x");
        Files.writeString(folder.resolve("other.qcow2"), "x");
        Files.createSymbolicLink(folder.resolve("device.raw"), Path.of("/dev/null"));
        add(new VolumeId("good"), 1);
        Await.until("the good one", () -> List.of(new VolumeId("good")).equals(platform.volumes()));
        assertFalse(platform.hosts(new DiskRef(new UUID(1, 1), new VolumeId("device"), OptionalInt.empty())));
    }

    @Test
    void findsWhatWasThereBeforeAtOnce() throws Exception {
        add(new VolumeId("early"), 1);
        try (VolumeFolder restarted = new VolumeFolder(folder)) {
            assertEquals(List.of(new VolumeId("early")), restarted.volumes());
        }
    }

    @Test
    void aFileThatGetsItsSizeLaterBecomesAVolume() throws Exception {
        Path late = Files.createFile(folder.resolve("late.raw"));
        Files.writeString(late, "x");
        Await.until("late", () -> List.of(new VolumeId("late")).equals(platform.volumes()));
    }

    @Test
    void aListenerThatThrowsHarmsNoOther() throws Exception {
        AutoCloseable bad = platform.onChange(() -> {
            throw new IllegalStateException("made by the test");
        });
        CountDownLatch told = new CountDownLatch(1);
        platform.onChange(told::countDown);
        add(new VolumeId("new"), 1);
        assertTrue(told.await(20, TimeUnit.SECONDS), "told");
        bad.close();
    }

    @Test
    void settingsNameWhatIsWrong() {
        assertThrows(IllegalArgumentException.class, () -> InlinePlatformComponent.Settings.of(" "));
    }

    private Path file(VolumeId volume) {
        return folder.resolve(volume + ".raw");
    }
}
