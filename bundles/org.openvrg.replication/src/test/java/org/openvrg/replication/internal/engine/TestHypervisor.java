package org.openvrg.replication.internal.engine;

import java.net.URI;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.file.RawFileVolume;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.DiskRef;
import org.openvrg.api.platform.MirrorPlatform;
import org.openvrg.api.platform.PlatformCapability;
import org.openvrg.api.platform.UnseenWrites;

/** Plays a hypervisor that writes the disks of a {@link TestPair} and mirrors the writes, when the test says so. */
final class TestHypervisor implements MirrorPlatform {
    private final TestPair pair;
    private final Map<VolumeId, Disk> disks = new HashMap<>();
    volatile boolean there = true;
    /** Whether its disks can be read. */
    volatile boolean readable = true;

    private static final class Disk {
        Optional<CaptureListener> listener = Optional.empty();
        Optional<BlockExport> live = Optional.empty();
        boolean watched;
        List<UnseenWrites.Range> unseen = new ArrayList<>();
    }

    TestHypervisor(TestPair pair) {
        this.pair = pair;
        pair.volumes.forEach(volume -> disks.put(volume, new Disk()));
    }

    /** What the guest does: the disk first, then the mirror. */
    void write(VolumeId volume, long offset, byte[] bytes) throws Exception {
        try (RawFileVolume file = RawFileVolume.open(pair.productionFile(volume), "test")) {
            file.write(offset, ByteBuffer.wrap(bytes));
        }
        Disk disk = disks.get(volume);
        if (disk.live.isPresent()) {
            TestPair.submit(disk.live.get(), offset, bytes).get(60, TimeUnit.SECONDS);
        } else {
            disk.unseen.add(new UnseenWrites.Range(offset, bytes.length));
        }
    }

    boolean isCaptured(VolumeId volume) {
        return disks.get(volume).listener.isPresent();
    }

    /** Mirrors from here on, and tells what was written before. */
    void live(VolumeId volume) {
        Disk disk = disks.get(volume);
        disk.live = pair.production.orElseThrow().engine().mirrors().find(volume.value());
        disk.listener.orElseThrow().live(disk.watched ? UnseenWrites.in(disk.unseen) : UnseenWrites.unknown());
        disk.watched = true;
        disk.unseen = new ArrayList<>();
    }

    /** The mirror breaks; the host's bitmap takes over. */
    void lost(VolumeId volume) {
        Disk disk = disks.get(volume);
        disk.live = Optional.empty();
        disk.listener.ifPresent(listener -> listener.lost("the test says so"));
    }

    /** The bitmap of the host is gone, as after a crash of it. */
    void forget(VolumeId volume) {
        lost(volume);
        disks.get(volume).watched = false;
        disks.get(volume).unseen = new ArrayList<>();
    }

    @Override
    public Capture startCapture(DiskRef ref, URI export, CaptureListener listener) {
        Disk disk = disks.get(ref.volume());
        disk.listener = Optional.of(listener);
        return new Capture() {
            @Override
            public void close() {
                disk.live = Optional.empty();
                disk.listener = Optional.empty();
            }

            @Override
            public void forget() {
                close();
                disk.watched = false;
            }
        };
    }

    @Override
    public Set<PlatformCapability> capabilities() {
        return Set.of(PlatformCapability.HOST_DIRTY_BITMAP);
    }

    @Override
    public boolean hosts(DiskRef disk) {
        return there && disks.containsKey(disk.volume());
    }

    @Override
    public void checkSlot(OptionalInt slot) {
        // every slot is fine
    }

    @Override
    public String deviceName(int slot) {
        return "vd" + slot;
    }

    @Override
    public BlockVolume open(DiskRef disk) throws StorageException {
        if (!readable) {
            throw new StorageException(StorageException.Kind.IO, "somebody else reads it");
        }
        return RawFileVolume.open(pair.productionFile(disk.volume()), "test");
    }
}
