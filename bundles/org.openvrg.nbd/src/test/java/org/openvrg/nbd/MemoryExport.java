package org.openvrg.nbd;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.failure.StorageException;

/** An export in memory, whose work an executor of the test does; counts, and fails on demand. */
public final class MemoryExport implements BlockExport {
    private static final int BLOCK = 4096;

    private final String name;
    private final byte[] bytes;
    private final boolean[] allocated;
    private final Executor executor;
    private volatile boolean readOnly;
    private volatile Optional<Exception> failure = Optional.empty();
    public final AtomicInteger flushes = new AtomicInteger();
    public final AtomicInteger forced = new AtomicInteger();
    public final AtomicInteger begun = new AtomicInteger();

    public MemoryExport(String name, int sizeBytes, Executor executor) {
        this.name = name;
        this.bytes = new byte[sizeBytes];
        this.allocated = new boolean[(sizeBytes + BLOCK - 1) / BLOCK];
        this.executor = executor;
    }

    public MemoryExport(String name, int sizeBytes) {
        this(name, sizeBytes, Runnable::run);
    }

    public MemoryExport makeReadOnly() {
        readOnly = true;
        return this;
    }

    public void failWith(Optional<Exception> cause) {
        failure = cause;
    }

    public synchronized byte[] content() {
        return bytes.clone();
    }

    private interface Work<T> {
        T run();
    }

    private <T> CompletionStage<T> later(Work<T> work) {
        begun.incrementAndGet();
        CompletableFuture<T> result = new CompletableFuture<>();
        executor.execute(() -> {
            try {
                synchronized (this) {
                    result.complete(work.run());
                }
            } catch (RuntimeException e) {
                result.completeExceptionally(e);
            }
        });
        Optional<Exception> cause = failure;
        return cause.isEmpty() ? result : result.thenCompose(done -> CompletableFuture.<T>failedFuture(cause.get()));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return bytes.length;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public boolean multipleConnections() {
        return true;
    }

    @Override
    public CompletionStage<Void> read(long offsetBytes, ByteBuffer target) {
        return later(() -> {
            target.put(bytes, (int) offsetBytes, target.remaining());
            return null;
        });
    }

    @Override
    public CompletionStage<Void> write(long offsetBytes, WritePayload payload, boolean forceUnitAccess) {
        return later(() -> {
            count(forceUnitAccess);
            ByteBuffer source = payload.bytes();
            int length = source.remaining();
            source.get(bytes, (int) offsetBytes, length);
            mark(offsetBytes, length, true);
            payload.release();
            return null;
        });
    }

    @Override
    public CompletionStage<Void> zero(long offsetBytes, long lengthBytes, boolean mayUnmap, boolean forceUnitAccess) {
        return later(() -> {
            count(forceUnitAccess);
            Arrays.fill(bytes, (int) offsetBytes, (int) (offsetBytes + lengthBytes), (byte) 0);
            if (mayUnmap) {
                mark(offsetBytes, lengthBytes, false);
            } else {
                mark(offsetBytes, lengthBytes, true);
            }
            return null;
        });
    }

    @Override
    public CompletionStage<Void> trim(long offsetBytes, long lengthBytes, boolean forceUnitAccess) {
        return zero(offsetBytes, lengthBytes, true, forceUnitAccess);
    }

    @Override
    public CompletionStage<Void> flush() {
        flushes.incrementAndGet();
        return later(() -> null);
    }

    @Override
    public CompletionStage<List<BlockExtent>> extents(long offsetBytes, long lengthBytes) {
        return later(() -> {
            List<BlockExtent> extents = new ArrayList<>();
            long at = offsetBytes;
            while (at < offsetBytes + lengthBytes) {
                int block = (int) (at / BLOCK);
                long end = Math.min(offsetBytes + lengthBytes, (block + 1L) * BLOCK);
                extents.add(allocated[block] ? BlockExtent.data(end - at) : BlockExtent.hole(end - at));
                at = end;
            }
            return extents;
        });
    }

    private void count(boolean forceUnitAccess) {
        if (forceUnitAccess) {
            forced.incrementAndGet();
        }
    }

    /** A block counts as given back only if all of it is. */
    private void mark(long offset, long length, boolean value) {
        long first = value ? offset / BLOCK : (offset + BLOCK - 1) / BLOCK;
        long end = value ? (offset + length + BLOCK - 1) / BLOCK : (offset + length) / BLOCK;
        for (long block = first; block < end; block++) {
            allocated[(int) block] = value;
        }
    }

    /** A failure of the expected kind. */
    public static StorageException failed(StorageException.Kind kind) {
        return new StorageException(kind, "made to fail");
    }
}
