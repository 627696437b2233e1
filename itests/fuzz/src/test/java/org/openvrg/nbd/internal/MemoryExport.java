package org.openvrg.nbd.internal;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.openvrg.api.block.BlockExport;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.WritePayload;
import org.openvrg.api.failure.StorageException;
import org.openvrg.fuzz.Check;

/**
 * An export in memory that demands what the server owes every export: ranges inside it, no write to one that is
 * read-only. Requests wait until {@link #complete} lets them go, so that they are under way when something else comes.
 */
final class MemoryExport implements BlockExport {
    private static final int EXTENT = 512;

    private final String name;
    private final byte[] bytes;
    private final boolean readOnly;
    private final boolean late;
    private final Deque<Runnable> waiting = new ArrayDeque<>();
    private int fails;

    MemoryExport(String name, int sizeBytes, boolean readOnly, boolean late) {
        this.name = name;
        this.bytes = new byte[sizeBytes];
        this.readOnly = readOnly;
        this.late = late;
    }

    /** Lets all waiting requests go, the last first, as a device may. */
    void complete() {
        while (!waiting.isEmpty()) {
            waiting.pollLast().run();
        }
    }

    /** Lets every so many-th request fail. */
    void failEvery(int requests) {
        fails = requests;
    }

    private int begun;

    private <T> CompletionStage<T> later(java.util.function.Supplier<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        boolean failing = fails > 0 && ++begun % fails == 0;
        Runnable run = () -> {
            T value = work.get();
            if (failing) {
                result.completeExceptionally(new StorageException(StorageException.Kind.IO, "made to fail"));
            } else {
                result.complete(value);
            }
        };
        if (late) {
            waiting.add(run);
        } else {
            run.run();
        }
        return result;
    }

    private void check(long offsetBytes, long lengthBytes, boolean write) {
        Check.that(
                offsetBytes >= 0 && lengthBytes >= 0 && offsetBytes <= bytes.length - lengthBytes,
                lengthBytes + " bytes at " + offsetBytes + " reach an export of " + bytes.length);
        Check.that(!write || !readOnly, "a write reaches a read-only export");
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
        check(offsetBytes, target.remaining(), false);
        return later(() -> {
            target.put(bytes, (int) offsetBytes, target.remaining());
            return null;
        });
    }

    @Override
    public CompletionStage<Void> write(long offsetBytes, WritePayload payload, boolean forceUnitAccess) {
        check(offsetBytes, payload.bytes().remaining(), true);
        return later(() -> {
            ByteBuffer source = payload.bytes();
            source.get(bytes, (int) offsetBytes, source.remaining());
            payload.release();
            return null;
        });
    }

    @Override
    public CompletionStage<Void> zero(long offsetBytes, long lengthBytes, boolean mayUnmap, boolean forceUnitAccess) {
        check(offsetBytes, lengthBytes, true);
        return later(() -> {
            Arrays.fill(bytes, (int) offsetBytes, (int) (offsetBytes + lengthBytes), (byte) 0);
            return null;
        });
    }

    @Override
    public CompletionStage<Void> trim(long offsetBytes, long lengthBytes, boolean forceUnitAccess) {
        return zero(offsetBytes, lengthBytes, true, forceUnitAccess);
    }

    @Override
    public CompletionStage<Void> flush() {
        return later(() -> null);
    }

    @Override
    public CompletionStage<List<BlockExtent>> extents(long offsetBytes, long lengthBytes) {
        check(offsetBytes, lengthBytes, false);
        return later(() -> {
            List<BlockExtent> extents = new ArrayList<>();
            for (long at = offsetBytes; at < offsetBytes + lengthBytes; ) {
                long end = Math.min(offsetBytes + lengthBytes, (at / EXTENT + 1) * EXTENT);
                extents.add(bytes[(int) at] == 0 ? BlockExtent.hole(end - at) : BlockExtent.data(end - at));
                at = end;
            }
            return extents;
        });
    }
}
