package org.openvrg.storage.localpome.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.file.NamedStores;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;

class DatastoreTest {
    private static final Ownership OWNER = new Ownership(new UUID(1, 1), 1);

    @TempDir
    Path root;

    private Datastore datastore;

    @BeforeEach
    void makeDatastore() {
        datastore = store("", root, false);
    }

    @Test
    void doesNotCreateUnlessToldTo() throws Exception {
        refused(Kind.PATH_WRONG, datastore, "disk.raw", 100);
        assertEquals(List.of(), files());
    }

    @Test
    void createdVolumesLeaveNothingElseBehind() throws Exception {
        Datastore creating = store("", root, true);
        creating.open(spec("disk.raw", 1L << 30), OWNER).release();
        assertEquals(List.of("disk.raw"), files());
        assertEquals(1L << 30, Files.size(root.resolve("disk.raw")));
    }

    @Test
    void anImageInThePlaceOfALostOneIsNewlyOwned() throws Exception {
        Datastore creating = store("", root, true);
        creating.open(spec("disk.raw", 4096), OWNER).close();
        try (StorageVolume volume = creating.open(spec("disk.raw", 4096), OWNER)) {
            assertFalse(volume.newlyOwned());
        }
        Files.delete(root.resolve("disk.raw"));
        StorageException refused = assertThrows(
                StorageException.class, () -> creating.open(spec("disk.raw", 4096), new Ownership(new UUID(3, 3), 1)));
        assertEquals(Kind.OWNED_BY_OTHER, refused.kind());
        try (StorageVolume volume = creating.open(spec("disk.raw", 4096), OWNER)) {
            assertTrue(volume.newlyOwned());
        }
    }

    @Test
    void aCreatedVolumeFollowsProductionsSize() throws Exception {
        Datastore creating = store("", root, true);
        creating.open(spec("disk.raw", 100), OWNER).close();
        try (StorageVolume larger = creating.open(spec("disk.raw", 300), OWNER)) {
            assertEquals(300, larger.sizeBytes());
        }
        creating.open(spec("disk.raw", 200), OWNER).release();
        assertEquals(300, Files.size(root.resolve("disk.raw")));
        // not its own any more
        refused(Kind.PATH_WRONG, creating, "disk.raw", 400);
        assertEquals(300, Files.size(root.resolve("disk.raw")));
    }

    @Test
    void anOwnerFileThatIsDamagedIsNotOverwritten() throws Exception {
        Files.write(root.resolve("disk.raw"), new byte[100]);
        datastore.open(spec("disk.raw", 100), OWNER).close();
        Path owner = root.resolve(".disk.raw.vrg-owner");
        String good = Files.readString(owner);
        for (String bad : List.of(good.substring(1), good + "x", "x".repeat(10_000), good.replace("1", "z"))) {
            Files.writeString(owner, bad);
            refused(Kind.OWNED_BY_OTHER, datastore, "disk.raw", 100);
            assertEquals(bad, Files.readString(owner));
        }
        Files.writeString(owner, good);
        datastore.open(spec("disk.raw", 100), OWNER).release();
        assertFalse(Files.exists(owner));
    }

    @Test
    void aCrashBeforeTheFirstClaimEndedLeavesTheVolumeFree() throws Exception {
        Files.write(root.resolve("disk.raw"), new byte[100]);
        Files.createFile(root.resolve(".disk.raw.vrg-owner"));
        Files.createFile(root.resolve(".disk.raw.vrg-owner.new"));
        datastore.open(spec("disk.raw", 100), OWNER).release();
        assertEquals(List.of("disk.raw"), files());
    }

    @Test
    void aLinkWithinTheDatastoreIsTheSameVolume() throws Exception {
        Files.write(root.resolve("disk.raw"), new byte[100]);
        Files.createSymbolicLink(root.resolve("link.raw"), root.resolve("disk.raw"));
        try (StorageVolume volume = datastore.open(spec("link.raw", 100), OWNER)) {
            assertEquals(100, volume.sizeBytes());
            refused(Kind.OWNED_BY_OTHER, datastore, "disk.raw", 100);
            refused(Kind.OWNED_BY_OTHER, store("other", root, false), "disk.raw", 100);
        }
    }

    @Test
    void holdsALockAgainstOtherProcesses() throws Exception {
        Files.write(root.resolve("disk.raw"), new byte[100]);
        try (StorageVolume volume = datastore.open(spec("disk.raw", 100), OWNER)) {
            assertEquals(100, volume.sizeBytes());
            Process flock = new ProcessBuilder(
                            "python3",
                            "-c",
                            "import fcntl,sys\nfcntl.lockf(open(sys.argv[1],'r+'), fcntl.LOCK_EX|fcntl.LOCK_NB)",
                            root.resolve(".disk.raw.vrg-owner").toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(flock.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertEquals(1, flock.waitFor());
            assertTrue(said.contains("BlockingIOError"), said);
        }
    }

    @Test
    void closingTheDatastoreClosesItsVolumes() throws Exception {
        Files.write(root.resolve("disk.raw"), new byte[100]);
        StorageVolume volume = datastore.open(spec("disk.raw", 100), OWNER);
        volume.write(0, ByteBuffer.wrap(new byte[] {1}));
        datastore.close();
        StorageException refused = assertThrows(StorageException.class, volume::flush);
        assertEquals(Kind.CLOSED, refused.kind());
        refused(Kind.PATH_WRONG, datastore, "disk.raw", 100);
        store("", root, false).open(spec("disk.raw", 100), OWNER).release();
    }

    @Test
    void foldersAndMissingRootsAreWrongPaths() throws Exception {
        Files.createDirectory(root.resolve("folder"));
        refused(Kind.PATH_WRONG, datastore, "folder", 1);
        refused(Kind.PATH_WRONG, store("", root.resolve("none"), true), "disk.raw", 100);
    }

    @Test
    void volumesGoToTheDatastoreOfTheirUrn() throws Exception {
        Path named = Files.createDirectory(root.resolve("named"));
        Files.write(named.resolve("disk.raw"), new byte[200]);
        Files.write(root.resolve("disk.raw"), new byte[100]);
        NamedStores both = new NamedStores();
        VolumeSpec plain = spec("disk.raw", 1);
        VolumeSpec urn =
                new VolumeSpec(plain.volume(), "disk.raw", Optional.of("urn:named"), Map.of(), OptionalLong.empty());
        assertThrows(StorageException.class, () -> both.open(plain, OWNER));
        Datastore second = store("urn:named", named, false);
        both.add(datastore);
        both.add(second);
        assertEquals(200, sizeOf(both, urn));
        assertEquals(100, sizeOf(both, plain));
        both.remove(second);
        assertEquals(100, sizeOf(both, urn));
    }

    @Test
    void settingsNameWhatIsWrong() {
        for (String wrong : List.of("", " ")) {
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> Settings.of("", wrong, false, false));
            assertTrue(refused.getMessage().contains("root"), refused.getMessage());
        }
        assertThrows(IllegalArgumentException.class, () -> Settings.of("u".repeat(600), "/x", false, false));
    }

    @Test
    void toolsMayReadTheImageWhileItIsOpen() throws Exception {
        Files.write(root.resolve("disk.raw"), new byte[100]);
        try (StorageVolume volume = datastore.open(spec("disk.raw", 100), OWNER);
                FileChannel reader = FileChannel.open(root.resolve("disk.raw"), StandardOpenOption.READ)) {
            volume.write(0, ByteBuffer.wrap(new byte[] {7}));
            ByteBuffer read = ByteBuffer.allocate(1);
            assertEquals(1, reader.read(read));
            assertEquals(7, read.get(0));
            assertTrue(reader.tryLock(0, Long.MAX_VALUE, true).isValid());
        }
    }

    private static Datastore store(String dsUrn, Path root, boolean createMissing) {
        return new Datastore(new Settings(dsUrn, root, createMissing, false), NoBlockLayer.INSTANCE);
    }

    private static long sizeOf(NamedStores datastores, VolumeSpec spec) throws Exception {
        StorageVolume volume = datastores.open(spec, OWNER);
        long size = volume.sizeBytes();
        volume.release();
        return size;
    }

    private static void refused(Kind kind, Datastore datastore, String url, long sizeBytes) {
        StorageException refused =
                assertThrows(StorageException.class, () -> datastore.open(spec(url, sizeBytes), OWNER));
        assertEquals(kind, refused.kind(), refused.getMessage());
    }

    private List<String> files() throws Exception {
        try (Stream<Path> list = Files.list(root)) {
            return list.map(one -> String.valueOf(one.getFileName())).sorted().toList();
        }
    }

    private static VolumeSpec spec(String url, long sizeBytes) {
        return new VolumeSpec(new VolumeId("disk"), url, Optional.empty(), Map.of(), OptionalLong.of(sizeBytes));
    }
}
