package org.openvrg.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;

/**
 * What every storage provider must do. A provider's test extends this class, and JUnit runs all of it; each test has
 * fresh volumes.
 */
public abstract class StorageProviderContract {
    /** Size of the volumes that the tests open: odd, so that the last block is a short one. */
    protected static final long SIZE_BYTES = 3L * 1024 * 1024 + 512;

    private static final Ownership OWNER = new Ownership(new UUID(1, 1), 5);
    private static final Ownership OTHER = new Ownership(new UUID(2, 2), 9);

    /** The provider under test, the same for all calls within one test. */
    protected abstract StorageProvider provider();

    /**
     * A volume that can be opened and that nobody owns.
     *
     * @param name equal names within one test mean the same volume; letters, digits and dots
     * @param sizeBytes size; it reads as zeroes
     */
    protected abstract VolumeSpec volume(String name, long sizeBytes) throws Exception;

    /** A spec for which there is no volume and none can be made. */
    protected abstract VolumeSpec missing() throws Exception;

    /** Specs that would lead out of their datastore; empty for storage without paths. */
    protected abstract List<VolumeSpec> escaping() throws Exception;

    @Test
    void opensInTheSizeAskedForOrLarger() throws Exception {
        try (StorageVolume volume = open(OWNER)) {
            assertTrue(volume.sizeBytes() >= SIZE_BYTES, "size");
        }
    }

    @Test
    void readsBackWhatWasWrittenAnywhere() throws Exception {
        Random random = new Random(42);
        byte[] model = new byte[(int) SIZE_BYTES];
        try (StorageVolume volume = open(OWNER)) {
            for (int i = 0; i < 200; i++) {
                int length = 1 + random.nextInt(i % 10 == 0 ? 300_000 : 5_000);
                int offset = random.nextInt(model.length - length);
                byte[] bytes = new byte[length];
                if (i % 4 == 3) {
                    volume.zero(offset, length, i % 8 == 3);
                } else {
                    random.nextBytes(bytes);
                    volume.write(offset, i % 2 == 0 ? ByteBuffer.wrap(bytes) : direct(bytes));
                }
                System.arraycopy(bytes, 0, model, offset, length);
            }
            assertArrayEquals(model, all(volume));
        }
    }

    @Test
    void consumesExactlyTheBuffersItIsGiven() throws Exception {
        try (StorageVolume volume = open(OWNER)) {
            ByteBuffer source = ByteBuffer.wrap(new byte[] {9, 1, 2, 3, 9});
            volume.write(0, source.position(1).limit(4));
            assertEquals(4, source.position());
            ByteBuffer target = ByteBuffer.allocate(5).position(1).limit(4);
            volume.read(0, target);
            assertEquals(4, target.position());
            assertArrayEquals(new byte[] {0, 1, 2, 3, 0}, target.array());
            volume.write(0, ByteBuffer.wrap(new byte[] {7}).asReadOnlyBuffer());
        }
    }

    @Test
    void reachesTheLastByte() throws Exception {
        try (StorageVolume volume = open(OWNER)) {
            long last = volume.sizeBytes() - 1;
            volume.write(last, ByteBuffer.wrap(new byte[] {5}));
            ByteBuffer read = ByteBuffer.allocate(1);
            volume.read(last, read);
            assertEquals(5, read.get(0));
        }
    }

    @Test
    void refusesRangesOutsideAndChangesNothing() throws Exception {
        try (StorageVolume volume = open(OWNER)) {
            long size = volume.sizeBytes();
            refused(Kind.OUT_OF_RANGE, () -> volume.write(size - 1, ByteBuffer.wrap(new byte[] {1, 1})));
            refused(Kind.OUT_OF_RANGE, () -> volume.write(-1, ByteBuffer.wrap(new byte[] {1, 1})));
            refused(Kind.OUT_OF_RANGE, () -> volume.read(size, ByteBuffer.allocate(1)));
            refused(Kind.OUT_OF_RANGE, () -> volume.zero(size - 1, 2, true));
            refused(Kind.OUT_OF_RANGE, () -> volume.zero(1, Long.MAX_VALUE, false));
            refused(Kind.OUT_OF_RANGE, () -> volume.extents(0, size + 1));
            assertArrayEquals(new byte[(int) SIZE_BYTES], all(volume));
        }
    }

    @Test
    void extentsCoverTheRangeAndZeroMeansZero() throws Exception {
        try (StorageVolume volume = open(OWNER)) {
            volume.write(1_000_000, ByteBuffer.wrap(new byte[] {1}));
            long at = 17;
            for (BlockExtent extent : volume.extents(17, SIZE_BYTES - 17)) {
                boolean holdsData = at <= 1_000_000 && 1_000_000 < at + extent.lengthBytes();
                assertTrue(!holdsData || (!extent.zero() && !extent.hole()), "data told as zero");
                at += extent.lengthBytes();
            }
            assertEquals(SIZE_BYTES, at);
        }
    }

    @Test
    void keepsBytesOverCloseAndOpen() throws Exception {
        byte[] bytes = {1, 2, 3};
        try (StorageVolume volume = open(OWNER)) {
            volume.write(4096, ByteBuffer.wrap(bytes));
            volume.flush();
        }
        try (StorageVolume volume = open(OWNER)) {
            assertArrayEquals(bytes, Arrays.copyOfRange(all(volume), 4096, 4099));
        }
    }

    @Test
    void takesCallsFromManyThreads() throws Exception {
        int threads = 4;
        int part = (int) SIZE_BYTES / threads;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try (StorageVolume volume = open(OWNER)) {
            List<Future<?>> done = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                int index = i;
                done.add(pool.submit(() -> {
                    byte[] bytes = new byte[997];
                    Arrays.fill(bytes, (byte) (index + 1));
                    for (int at = index * part; at + bytes.length <= (index + 1) * part; at += bytes.length) {
                        volume.write(at, ByteBuffer.wrap(bytes));
                        ByteBuffer read = ByteBuffer.allocate(bytes.length);
                        volume.read(at, read);
                        assertArrayEquals(bytes, read.array());
                    }
                    volume.flush();
                    return true;
                }));
            }
            for (Future<?> one : done) {
                one.get(30, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdown();
        }
    }

    @Test
    void everyCallFailsAfterClose() throws Exception {
        StorageVolume volume = open(OWNER);
        volume.close();
        volume.close();
        refused(Kind.CLOSED, () -> volume.read(0, ByteBuffer.allocate(1)));
        refused(Kind.CLOSED, () -> volume.write(0, ByteBuffer.allocate(1)));
        refused(Kind.CLOSED, () -> volume.zero(0, 1, true));
        refused(Kind.CLOSED, volume::flush);
        refused(Kind.CLOSED, () -> volume.extents(0, 1));
        refused(Kind.CLOSED, volume::release);
    }

    @Test
    void tellsWhetherNobodyOwnedIt() throws Exception {
        try (StorageVolume volume = open(OWNER)) {
            assertTrue(volume.newlyOwned(), "nobody owned it");
        }
        StorageVolume again = open(OWNER);
        assertFalse(again.newlyOwned(), "its owner opens it again");
        again.release();
        try (StorageVolume volume = open(OTHER)) {
            assertTrue(volume.newlyOwned(), "it was given up");
        }
    }

    @Test
    void closeKeepsTheOwnership() throws Exception {
        open(OWNER).close();
        refused(Kind.OWNED_BY_OTHER, () -> open(OTHER));
        open(OWNER).close();
    }

    @Test
    void releaseGivesTheOwnershipUp() throws Exception {
        open(OWNER).release();
        open(OTHER).close();
        refused(Kind.OWNED_BY_OTHER, () -> open(OWNER));
    }

    @Test
    void aLaterGenerationTakesOverAndAnEarlierIsRefused() throws Exception {
        open(OWNER).close();
        open(new Ownership(OWNER.vrgUuid(), OWNER.generation() + 1)).close();
        refused(Kind.OWNED_BY_OTHER, () -> open(OWNER));
    }

    @Test
    void aVolumeIsOpenOnlyOnce() throws Exception {
        try (StorageVolume volume = open(OWNER)) {
            refused(Kind.OWNED_BY_OTHER, () -> open(OWNER));
            refused(Kind.OWNED_BY_OTHER, () -> open(OTHER));
            volume.write(0, ByteBuffer.wrap(new byte[] {1}));
        }
        open(OWNER).close();
    }

    @Test
    void volumesAreApartFromOneAnother() throws Exception {
        try (StorageVolume first = provider().open(volume("first", SIZE_BYTES), OWNER);
                StorageVolume second = provider().open(volume("second", SIZE_BYTES), OTHER)) {
            first.write(0, ByteBuffer.wrap(new byte[] {1}));
            second.write(0, ByteBuffer.wrap(new byte[] {2}));
            assertEquals(1, all(first)[0]);
            assertEquals(2, all(second)[0]);
        }
    }

    @Test
    void refusesAVolumeThatIsTooSmall() throws Exception {
        VolumeSpec spec = volume("small", 4096);
        provider().open(spec, OWNER).release();
        VolumeSpec larger = new VolumeSpec(
                spec.volume(), spec.volumeUrl(), spec.dsUrn(), spec.extParams(), OptionalLong.of(1L << 40));
        StorageException refused = refused(Kind.PATH_WRONG, () -> provider().open(larger, OWNER));
        assertTrue(refused.getMessage().contains("4096"), "names the size it has: " + refused.getMessage());
        assertTrue(refused.getMessage().contains("" + (1L << 40)), "names the size asked: " + refused.getMessage());
    }

    @Test
    void aRefusedOpenLeavesNoOwner() throws Exception {
        VolumeSpec spec = volume("small", 4096);
        provider().open(spec, OWNER).release();
        VolumeSpec larger = new VolumeSpec(
                spec.volume(), spec.volumeUrl(), spec.dsUrn(), spec.extParams(), OptionalLong.of(1L << 40));
        refused(Kind.PATH_WRONG, () -> provider().open(larger, OWNER));
        provider().open(spec, OTHER).close();
    }

    @Test
    void refusesWhatIsMissing() throws Exception {
        VolumeSpec missing = missing();
        refused(Kind.PATH_WRONG, () -> provider().open(missing, OWNER));
    }

    @Test
    void neverLeavesItsDatastore() throws Exception {
        for (VolumeSpec spec : escaping()) {
            refused(Kind.PATH_WRONG, () -> provider().open(spec, OWNER));
        }
    }

    private StorageVolume open(Ownership owner) throws Exception {
        return provider().open(volume("disk", SIZE_BYTES), owner);
    }

    private static StorageException refused(Kind kind, Executable call) {
        StorageException refused = assertThrows(StorageException.class, call);
        assertEquals(kind, refused.kind(), refused.getMessage());
        return refused;
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    private static byte[] all(StorageVolume volume) throws StorageException {
        ByteBuffer buffer = ByteBuffer.allocate((int) SIZE_BYTES);
        volume.read(0, buffer);
        return buffer.array();
    }
}
