package org.openvrg.simulator.disk;

import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;

/** A file or directory: its bytes in the page cache, and those on stable storage. */
final class Node {
    private static final int PAGE_BYTES = 4096;
    private static final int SECTOR_BYTES = 512;

    private final boolean directory;
    private byte[] stable = new byte[0];
    private int stableBytes;
    private byte[] cache = new byte[256];
    private int bytes;
    private int dirtyFrom = Integer.MAX_VALUE;
    private Optional<MappedByteBuffer> mapped = Optional.empty();
    private Optional<Machine> lockedBy = Optional.empty();

    private Node(boolean directory) {
        this.directory = directory;
    }

    static Node directory() {
        return new Node(true);
    }

    static Node file() {
        return new Node(false);
    }

    boolean isDirectory() {
        return directory;
    }

    int sizeBytes() {
        return bytes;
    }

    int read(long position, ByteBuffer into) {
        if (position >= bytes) {
            return -1;
        }
        int count = (int) Math.min(into.remaining(), bytes - position);
        if (mapped.isPresent()) {
            into.put(mapped.get().slice((int) position, count));
        } else {
            into.put(cache, (int) position, count);
        }
        return count;
    }

    int write(long position, ByteBuffer from) {
        int count = from.remaining();
        int end = (int) position + count;
        if (mapped.isPresent()) {
            if (end > bytes) {
                throw new IllegalStateException("a mapped file does not grow here");
            }
            mapped.get().slice((int) position, count).put(from);
            return count;
        }
        if (end > cache.length) {
            cache = Arrays.copyOf(cache, Math.max(end, cache.length * 2));
        }
        from.get(cache, (int) position, count);
        dirtyFrom = Math.min(dirtyFrom, (int) Math.min(position, bytes));
        bytes = Math.max(bytes, end);
        return count;
    }

    void truncate(long size) {
        if (size < bytes) {
            Arrays.fill(cache, (int) size, bytes, (byte) 0);
            bytes = (int) size;
            dirtyFrom = Math.min(dirtyFrom, bytes);
        }
    }

    /** A direct buffer is a mapped one without a file: stores to it are stores to the cache. */
    MappedByteBuffer map(long position, int length) {
        if (mapped.isEmpty()) {
            grow((int) position + length);
            MappedByteBuffer whole = (MappedByteBuffer) ByteBuffer.allocateDirect(bytes);
            whole.put(0, cache, 0, bytes);
            mapped = Optional.of(whole);
        }
        return mapped.get().slice((int) position, length);
    }

    /** A mapping that may be written makes a file as long as it is itself. */
    private void grow(int least) {
        if (bytes < least) {
            cache = Arrays.copyOf(cache, Math.max(least, cache.length));
            dirtyFrom = Math.min(dirtyFrom, bytes);
            bytes = least;
        }
    }

    /** Everything in the cache survives a power loss from here on. */
    void sync() {
        takeMapped();
        if (stable.length < bytes) {
            stable = Arrays.copyOf(stable, cache.length);
        }
        int from = mapped.isPresent() ? 0 : Math.min(dirtyFrom, bytes);
        System.arraycopy(cache, from, stable, from, bytes - from);
        stableBytes = bytes;
        dirtyFrom = Integer.MAX_VALUE;
    }

    private void takeMapped() {
        mapped.ifPresent(whole -> whole.get(0, cache, 0, bytes));
    }

    void losePower(Random random) {
        takeMapped();
        mapped = Optional.empty();
        lockedBy = Optional.empty();
        int size = stableBytes;
        if (bytes != stableBytes && random.nextInt(3) > 0) {
            int least = Math.min(bytes, stableBytes);
            size = random.nextBoolean() ? bytes : least + random.nextInt(Math.abs(bytes - stableBytes) + 1);
        }
        byte[] left = new byte[Math.max(256, size)];
        System.arraycopy(stable, 0, left, 0, Math.min(size, stableBytes));
        for (int page = 0; page < size; page += PAGE_BYTES) {
            int end = Math.min(Math.min(page + PAGE_BYTES, bytes), size);
            if (end > page && (page + PAGE_BYTES > dirtyFrom || dirtyFrom == Integer.MAX_VALUE)) {
                survive(left, page, end, random);
            }
        }
        cache = left;
        bytes = size;
        stable = left.clone();
        stableBytes = size;
        dirtyFrom = Integer.MAX_VALUE;
    }

    /** A page that was not synced may have been written all the same, whole or in part. */
    private void survive(byte[] left, int page, int end, Random random) {
        switch (random.nextInt(4)) {
            case 0 -> {}
            case 1, 2 -> System.arraycopy(cache, page, left, page, end - page);
            default -> {
                int sectors = (end - page) / SECTOR_BYTES;
                int torn = sectors == 0 ? 0 : random.nextInt(sectors + 1) * SECTOR_BYTES;
                System.arraycopy(cache, page, left, page, torn);
            }
        }
    }

    boolean flipBit(long leastOffset, Random random) {
        takeMapped();
        if (bytes <= leastOffset) {
            return false;
        }
        int at = (int) leastOffset + random.nextInt((int) (bytes - leastOffset));
        byte mask = (byte) (1 << random.nextInt(8));
        cache[at] ^= mask;
        mapped.ifPresent(whole -> whole.put(at, cache[at]));
        if (at < stableBytes && at < dirtyFrom) {
            stable[at] ^= mask;
        }
        return true;
    }

    /** Takes the lock of the file; false while a living process has it. */
    boolean lock(Machine machine) {
        if (lockedBy.isPresent() && lockedBy.get().alive()) {
            return false;
        }
        lockedBy = Optional.of(machine);
        return true;
    }

    void unlock(Machine machine) {
        if (lockedBy.isPresent() && lockedBy.get() == machine) {
            lockedBy = Optional.empty();
        }
    }
}
