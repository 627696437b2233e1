package org.openvrg.storage.nas.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
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
import org.openvrg.testkit.Await;
import org.openvrg.testkit.StorageProviderContract;

/** The contract on a mounted file system, and what becomes of volumes whose mount hangs, goes, or is another one. */
@Timeout(120)
class MountedContractTest extends StorageProviderContract {
    private static final Ownership OWNER = new Ownership(new UUID(7, 7), 1);

    @TempDir
    Path folder;

    private MountedShare mounted;
    private Daemons daemons;
    private Share share;
    private final NamedStores stores = new NamedStores();

    @BeforeEach
    void start() throws Exception {
        mounted = new MountedShare(folder.resolve("image"), folder.resolve("mnt"));
        daemons = Daemons.of(folder.resolve("run"), java.time.Duration.ofSeconds(30), java.time.Duration.ofSeconds(30));
        share = share(mounted.source(), 20);
        stores.add(share);
    }

    @AfterEach
    void stop() throws Exception {
        share.close();
        daemons.close();
        mounted.close();
    }

    private Share share(String source, int limitSeconds) {
        return new Share(
                Settings.of("", mounted.point().toString(), source, "vms", true, "", "", limitSeconds, 8), daemons);
    }

    @Override
    protected StorageProvider provider() {
        return stores;
    }

    @Override
    protected VolumeSpec volume(String name, long sizeBytes) throws Exception {
        Files.createDirectories(mounted.point().resolve("vms"));
        return spec(name + ".raw", OptionalLong.of(sizeBytes));
    }

    @Override
    protected VolumeSpec missing() {
        return spec("missing.raw", OptionalLong.empty());
    }

    @Override
    protected List<VolumeSpec> escaping() throws Exception {
        Path vms = Files.createDirectories(mounted.point().resolve("vms"));
        Files.createSymbolicLink(vms.resolve("up"), folder);
        return Stream.of("../x.raw", "up/x.raw", "/x.raw", "nfs://127.0.0.1/x/y")
                .map(url -> spec(url, OptionalLong.of(100)))
                .toList();
    }

    @Test
    void nothingIsMadeWhereTheShareIsNotMounted() throws Exception {
        VolumeSpec spec = volume("disk", 4096);
        mounted.vanish();
        Files.createDirectories(mounted.point().resolve("vms"));
        refused(Kind.PATH_WRONG, "not mounted", () -> stores.open(spec, OWNER));
        try (Stream<Path> files = Files.list(mounted.point().resolve("vms"))) {
            assertEquals(List.of(), files.toList());
        }
    }

    @Test
    void anotherMountThanTheConfiguredOneIsRefused() throws Exception {
        VolumeSpec spec = volume("disk", 4096);
        try (Share other = share("server:/export", 20)) {
            refused(Kind.PATH_WRONG, "server:/export", () -> other.open(spec, OWNER));
        }
    }

    @Test
    void aVolumeIsNotTakenForSafeOnceItsMountWasReplaced() throws Exception {
        StorageVolume volume = stores.open(volume("disk", 4096), OWNER);
        volume.write(0, ByteBuffer.wrap(new byte[] {1}));
        volume.flush();
        mounted.vanish();
        refused(Kind.PATH_WRONG, "not mounted", volume::flush);
        mounted.mount();
        refused(Kind.IO, "mounted anew", volume::flush);
        volume.close();
        stores.open(volume("disk", 4096), OWNER).release();
    }

    /** A file system that is frozen is for its users what a share without a server is. */
    @Test
    void aShareThatDoesNotAnswerCostsItsOwnVolumesOnly() throws Exception {
        VolumeSpec spec = volume("disk", 4 << 20);
        try (Share slow = share(mounted.source(), 1)) {
            StorageVolume volume = slow.open(spec, OWNER);
            volume.write(0, ByteBuffer.wrap(new byte[] {1}));
            volume.flush();
            mounted.freeze();
            long begin = System.nanoTime();
            refused(Kind.IO, "did not answer within 1000 ms", () -> volume.write(0, ByteBuffer.wrap(new byte[] {2})));
            refused(Kind.IO, "did not answer within 1000 ms", volume::flush);
            StorageException late = assertThrows(StorageException.class, volume::close);
            assertEquals(Kind.IO, late.kind());
            refused(Kind.IO, "has not ended yet", () -> slow.open(spec, OWNER));
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin);
            assertTrue(seconds < 60, "bounded, however slow the machine is: " + seconds);

            mounted.thaw();
            Await.until("open again once the late calls have ended", () -> {
                try {
                    slow.open(spec, OWNER).release();
                    return true;
                } catch (StorageException e) {
                    return false;
                }
            });
        }
    }

    private interface Call {
        void run() throws StorageException;
    }

    private static void refused(Kind kind, String words, Call call) {
        StorageException refused = assertThrows(StorageException.class, call::run);
        assertEquals(kind, refused.kind(), refused.getMessage());
        assertTrue(refused.getMessage().contains(words), refused.getMessage());
    }

    private static VolumeSpec spec(String url, OptionalLong sizeBytes) {
        return new VolumeSpec(new VolumeId("disk"), url, Optional.empty(), Map.of(), sizeBytes);
    }
}
