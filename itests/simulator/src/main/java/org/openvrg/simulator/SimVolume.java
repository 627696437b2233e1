package org.openvrg.simulator;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.storage.StorageVolume;

/** A handle of a process on {@link Cells}. A process may die in the middle of a write. */
final class SimVolume implements StorageVolume {
    private final SimProcess process;
    private final Cells cells;
    private final BooleanSupplier mayWrite;
    private final boolean newlyOwned;
    private final Runnable released;
    private boolean closed;

    SimVolume(SimProcess process, Cells cells, BooleanSupplier mayWrite, boolean newlyOwned, Runnable released) {
        this.process = process;
        this.cells = cells;
        this.mayWrite = mayWrite;
        this.newlyOwned = newlyOwned;
        this.released = released;
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public boolean newlyOwned() {
        return newlyOwned;
    }

    @Override
    public boolean survivesProcess() {
        return true;
    }

    @Override
    public long sizeBytes() {
        return cells.sizeBytes();
    }

    @Override
    public void read(long offsetBytes, ByteBuffer target) throws StorageException {
        check(offsetBytes, target.remaining());
        cells.read(offsetBytes, target);
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) throws StorageException {
        boolean dying = checkWrite(offsetBytes, source.remaining());
        if (dying) {
            int half = source.remaining() / Cells.CELL_BYTES / 2 * Cells.CELL_BYTES;
            cells.write(offsetBytes, source.limit(source.position() + half));
            process.die();
        }
        cells.write(offsetBytes, source);
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        boolean dying = checkWrite(offsetBytes, lengthBytes);
        if (dying) {
            cells.zero(offsetBytes, lengthBytes / Cells.CELL_BYTES / 2 * Cells.CELL_BYTES);
            process.die();
        }
        cells.zero(offsetBytes, lengthBytes);
    }

    @Override
    public void flush() throws StorageException {
        check(0, 0);
        if (process.dyingOperation()) {
            process.die();
        }
        cells.flush();
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) {
        return List.of(BlockExtent.data(lengthBytes));
    }

    @Override
    public void close() {
        closed = true;
    }

    @Override
    public void release() throws StorageException {
        flush();
        closed = true;
        released.run();
    }

    private boolean checkWrite(long offsetBytes, long lengthBytes) throws StorageException {
        check(offsetBytes, lengthBytes);
        if (!mayWrite.getAsBoolean()) {
            throw new Violation("a volume is written by " + process + ", which does not own it");
        }
        return process.dyingOperation();
    }

    private void check(long offsetBytes, long lengthBytes) throws StorageException {
        process.checkAlive();
        if (closed) {
            throw new StorageException(StorageException.Kind.CLOSED, "the volume is closed");
        }
        if (offsetBytes < 0 || offsetBytes > sizeBytes() - lengthBytes) {
            throw new StorageException(StorageException.Kind.OUT_OF_RANGE, "outside of the volume");
        }
    }
}
