package org.openvrg.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.Slots;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.InlinePlatform;
import org.openvrg.api.platform.PlatformCapability;

/** What every inline platform must do; a platform's test extends this class. */
public abstract class InlinePlatformContract {
    private static final VolumeId FIRST = new VolumeId("11111111-1111-1111-1111-111111111111");
    private static final VolumeId SECOND = new VolumeId("22222222-2222-2222-2222-222222222222");

    /** The platform under test, the same for all calls within one test; empty at first. */
    protected abstract InlinePlatform platform();

    /** Makes a volume that reads as zeroes appear. */
    protected abstract void add(VolumeId volume, long sizeBytes) throws Exception;

    /** Makes a volume disappear. */
    protected abstract void remove(VolumeId volume) throws Exception;

    @Test
    void listsVolumesAsTheyComeAndGo() throws Exception {
        assertEquals(List.of(), platform().volumes());
        add(FIRST, 4096);
        add(SECOND, 4096);
        Await.until(
                "two volumes",
                () -> platform().volumes().size() == 2
                        && Set.of(FIRST, SECOND).equals(new HashSet<>(platform().volumes())));
        remove(FIRST);
        Await.until("one volume", () -> List.of(SECOND).equals(platform().volumes()));
    }

    @Test
    void tellsOfChangesUntilUnsubscribed() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        AutoCloseable subscription = platform().onChange(told::countDown);
        add(FIRST, 4096);
        assertTrue(told.await(20, TimeUnit.SECONDS), "told");
        assertEquals(List.of(FIRST), platform().volumes());
        subscription.close();
        subscription.close();
    }

    @Test
    void hostsWhatIsThere() throws Exception {
        assertFalse(platform().hosts(disk(FIRST)));
        add(FIRST, 4096);
        assertTrue(platform().hosts(disk(FIRST)));
    }

    @Test
    void opensForReadingAndWriting() throws Exception {
        add(FIRST, 5000);
        byte[] bytes = {1, 2, 3};
        try (BlockVolume volume = platform().open(disk(FIRST))) {
            assertEquals(5000, volume.sizeBytes());
            volume.write(4997, ByteBuffer.wrap(bytes));
            volume.flush();
        }
        try (BlockVolume volume = platform().open(disk(FIRST));
                BlockVolume again = platform().open(disk(FIRST))) {
            ByteBuffer read = ByteBuffer.allocate(3);
            volume.read(4997, read);
            assertArrayEquals(bytes, read.array());
            volume.zero(4997, 3, true);
            again.read(4997, read.clear());
            assertArrayEquals(new byte[3], read.array());
        }
    }

    @Test
    void refusesToOpenWhatItDoesNotHost() {
        StorageException refused =
                assertThrows(StorageException.class, () -> platform().open(disk(FIRST)));
        assertEquals(StorageException.Kind.PATH_WRONG, refused.kind());
    }

    @Test
    void checksSlots() throws Exception {
        Set<String> names = new HashSet<>();
        for (int slot = Slots.FIRST; slot <= Slots.LAST; slot++) {
            platform().checkSlot(OptionalInt.of(slot));
            names.add(platform().deviceName(slot));
        }
        assertEquals(Slots.LAST - Slots.FIRST + 1, names.size());
        for (int wrong : new int[] {Integer.MIN_VALUE, 0, Slots.LAST + 1, Integer.MAX_VALUE}) {
            assertThrows(PlatformException.class, () -> platform().checkSlot(OptionalInt.of(wrong)));
            assertThrows(PlatformException.class, () -> platform().deviceName(wrong));
        }
        if (platform().capabilities().contains(PlatformCapability.SLOTS_MANDATORY)) {
            assertThrows(PlatformException.class, () -> platform().checkSlot(OptionalInt.empty()));
        } else {
            platform().checkSlot(OptionalInt.empty());
        }
    }

    private static DiskRef disk(VolumeId volume) {
        return new DiskRef(new UUID(7, 7), volume, OptionalInt.empty());
    }
}
