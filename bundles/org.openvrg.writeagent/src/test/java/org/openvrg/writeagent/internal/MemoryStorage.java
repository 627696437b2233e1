package org.openvrg.writeagent.internal;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;

/** Storage in memory whose every call can be made to fail. */
final class MemoryStorage implements StorageProvider {
    final Map<String, Disk> disks = new ConcurrentHashMap<>();

    /** A disk and how it behaves. */
    static final class Disk {
        final byte[] bytes;
        volatile Optional<Ownership> owner = Optional.empty();
        volatile boolean open;
        volatile boolean writesFail;
        volatile boolean flushesFail;
        volatile boolean releaseFails;
        volatile boolean survivesProcess = true;
        final AtomicInteger flushes = new AtomicInteger();

        Disk(int sizeBytes) {
            bytes = new byte[sizeBytes];
        }
    }

    Disk add(String url, int sizeBytes) {
        Disk disk = new Disk(sizeBytes);
        disks.put(url, disk);
        return disk;
    }

    @Override
    public StorageVolume open(VolumeSpec spec, Ownership owner) throws StorageException {
        Disk disk = Optional.ofNullable(disks.get(spec.volumeUrl()))
                .orElseThrow(() -> new StorageException(Kind.PATH_WRONG, "no disk " + spec.volumeUrl()));
        if (disk.open || (disk.owner.isPresent() && !owner.mayReplace(disk.owner.get()))) {
            throw new StorageException(Kind.OWNED_BY_OTHER, "owned by " + disk.owner);
        }
        boolean newlyOwned = disk.owner.isEmpty();
        disk.owner = Optional.of(owner);
        disk.open = true;
        return new Volume(disk, newlyOwned);
    }

    private static final class Volume implements StorageVolume {
        private final Disk disk;
        private final boolean newlyOwned;
        private volatile boolean closed;

        Volume(Disk disk, boolean newlyOwned) {
            this.disk = disk;
            this.newlyOwned = newlyOwned;
        }

        @Override
        public boolean newlyOwned() {
            return newlyOwned;
        }

        @Override
        public boolean survivesProcess() {
            return disk.survivesProcess;
        }

        @Override
        public long sizeBytes() {
            return disk.bytes.length;
        }

        @Override
        public void read(long offsetBytes, ByteBuffer target) throws StorageException {
            check(offsetBytes, target.remaining());
            target.put(disk.bytes, (int) offsetBytes, target.remaining());
        }

        @Override
        public void write(long offsetBytes, ByteBuffer source) throws StorageException {
            check(offsetBytes, source.remaining());
            fail(disk.writesFail);
            source.get(disk.bytes, (int) offsetBytes, source.remaining());
        }

        @Override
        public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
            write(offsetBytes, ByteBuffer.allocate((int) lengthBytes));
        }

        @Override
        public void flush() throws StorageException {
            check(0, 0);
            fail(disk.flushesFail);
            disk.flushes.incrementAndGet();
        }

        @Override
        public List<BlockExtent> extents(long offsetBytes, long lengthBytes) {
            return List.of(BlockExtent.data(lengthBytes));
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                disk.open = false;
            }
        }

        @Override
        public void release() throws StorageException {
            flush();
            fail(disk.releaseFails);
            close();
            disk.owner = Optional.empty();
        }

        private void check(long offsetBytes, long lengthBytes) throws StorageException {
            if (closed) {
                throw new StorageException(Kind.CLOSED, "closed");
            }
            if (offsetBytes < 0 || offsetBytes > disk.bytes.length - lengthBytes) {
                throw new StorageException(Kind.OUT_OF_RANGE, "out of range");
            }
        }

        private static void fail(boolean now) throws StorageException {
            if (now) {
                throw new StorageException(Kind.IO, "made by the test");
            }
        }
    }
}
