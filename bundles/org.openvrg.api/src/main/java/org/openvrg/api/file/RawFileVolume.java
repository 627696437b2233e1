package org.openvrg.api.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;

/**
 * A raw image file, read and written at the same offsets as the volume.
 *
 * <p>Java can't punch holes, so that zeroes are written only where the file does not read as zeroes already: a sparse
 * file stays sparse. After a failed flush the page cache can't be trusted any more, therefore every later flush fails
 * too. Thread-safe; a thread that is interrupted inside a call closes the file, as {@link FileChannel} does.
 */
public final class RawFileVolume implements BlockVolume {
    /** Unit in which zeroes are looked for. */
    static final int BLOCK_BYTES = 64 * 1024;

    /** Most bytes that one call of {@link #extents} reads; what lies behind counts as data. */
    static final long MAX_SCAN_BYTES = 32L * 1024 * 1024;

    private static final ByteBuffer ZEROES =
            ByteBuffer.allocateDirect(BLOCK_BYTES).asReadOnlyBuffer();

    private final FileChannel channel;
    private final String name;
    private final long sizeBytes;
    private volatile boolean flushFailed;

    private RawFileVolume(FileChannel channel, String name, long sizeBytes) {
        this.channel = channel;
        this.name = name;
        this.sizeBytes = sizeBytes;
    }

    /**
     * Opens a file for reading and writing.
     *
     * @param name what messages call the volume
     * @throws StorageException {@code PATH_WRONG} when there is no such file or it is empty (as block devices seem to
     *     be), else {@code IO}
     */
    public static RawFileVolume open(Path file, String name) throws StorageException {
        Objects.requireNonNull(name, "name");
        try {
            return of(FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE), name);
        } catch (NoSuchFileException e) {
            throw new StorageException(Kind.PATH_WRONG, "volume " + name + ": there is no such file", e);
        } catch (IOException e) {
            throw failure(name, "open", e);
        }
    }

    /**
     * Takes an open file over; it is closed when this fails.
     *
     * @param channel open for reading and writing
     */
    private static RawFileVolume of(FileChannel channel, String name) throws IOException, StorageException {
        long sizeBytes;
        try {
            sizeBytes = channel.size();
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        if (sizeBytes < 1) {
            channel.close();
            throw new StorageException(Kind.PATH_WRONG, "volume " + name + ": the file is empty or not a regular file");
        }
        return new RawFileVolume(channel, name, sizeBytes);
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public void read(long offsetBytes, ByteBuffer target) throws StorageException {
        checkRange(offsetBytes, target.remaining());
        try {
            readFully(offsetBytes, target);
        } catch (IOException e) {
            throw failure(name, "read", e);
        }
    }

    @Override
    public void write(long offsetBytes, ByteBuffer source) throws StorageException {
        checkRange(offsetBytes, source.remaining());
        try {
            writeFully(offsetBytes, source);
        } catch (IOException e) {
            throw failure(name, "write", e);
        }
    }

    @Override
    public void zero(long offsetBytes, long lengthBytes, boolean mayUnmap) throws StorageException {
        checkRange(offsetBytes, lengthBytes);
        ByteBuffer block = ByteBuffer.allocate((int) Math.min(BLOCK_BYTES, lengthBytes));
        try {
            long end = offsetBytes + lengthBytes;
            for (long at = offsetBytes; at < end; ) {
                int length = (int) (Math.min(end, nextBlock(at)) - at);
                if (!readsAsZeroes(at, block.clear().limit(length))) {
                    writeFully(at, ZEROES.duplicate().limit(length));
                }
                at += length;
            }
        } catch (IOException e) {
            throw failure(name, "zero", e);
        }
    }

    @Override
    public void flush() throws StorageException {
        checkRange(0, 0);
        if (flushFailed) {
            throw new StorageException(
                    Kind.IO, "volume " + name + ": an earlier flush failed, what was written since is not safe");
        }
        try {
            channel.force(false);
        } catch (ClosedChannelException e) {
            throw failure(name, "flush", e);
        } catch (IOException e) {
            flushFailed = true;
            throw failure(name, "flush", e);
        }
    }

    /** Zeroes are found by reading, in units of 64 KiB and at most 32 MiB for one call; holes are not told apart. */
    @Override
    public boolean survivesProcess() {
        return true;
    }

    @Override
    public List<BlockExtent> extents(long offsetBytes, long lengthBytes) throws StorageException {
        checkRange(offsetBytes, lengthBytes);
        List<BlockExtent> extents = new ArrayList<>();
        ByteBuffer block = ByteBuffer.allocate((int) Math.min(BLOCK_BYTES, lengthBytes));
        long end = offsetBytes + lengthBytes;
        long scanEnd = Math.min(end, offsetBytes + MAX_SCAN_BYTES);
        long runStart = offsetBytes;
        boolean runZero = false;
        try {
            for (long at = offsetBytes; at < scanEnd; ) {
                int length = (int) (Math.min(scanEnd, nextBlock(at)) - at);
                boolean zero = readsAsZeroes(at, block.clear().limit(length));
                if (zero != runZero) {
                    addExtent(extents, at - runStart, runZero);
                    runStart = at;
                    runZero = zero;
                }
                at += length;
            }
        } catch (IOException e) {
            throw failure(name, "read", e);
        }
        if (runZero) {
            addExtent(extents, scanEnd - runStart, true);
            runStart = scanEnd;
        }
        addExtent(extents, end - runStart, false);
        return List.copyOf(extents);
    }

    @Override
    public void close() throws StorageException {
        try {
            channel.close();
        } catch (IOException e) {
            throw failure(name, "close", e);
        }
    }

    private static void addExtent(List<BlockExtent> extents, long lengthBytes, boolean zero) {
        if (lengthBytes > 0) {
            extents.add(new BlockExtent(lengthBytes, false, zero));
        }
    }

    private static long nextBlock(long offsetBytes) {
        return offsetBytes - offsetBytes % BLOCK_BYTES + BLOCK_BYTES;
    }

    /** Reads as much as the buffer has room for; its position is at its limit afterwards. */
    private boolean readsAsZeroes(long offsetBytes, ByteBuffer block) throws IOException {
        readFully(offsetBytes, block);
        block.flip();
        return block.mismatch(ZEROES.duplicate().limit(block.remaining())) < 0;
    }

    private void readFully(long offsetBytes, ByteBuffer target) throws IOException {
        long at = offsetBytes;
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw new IOException("the file ends before its size when opened");
            }
            at += count;
        }
    }

    private void writeFully(long offsetBytes, ByteBuffer source) throws IOException {
        long at = offsetBytes;
        while (source.hasRemaining()) {
            at += channel.write(source, at);
        }
    }

    private void checkRange(long offsetBytes, long lengthBytes) throws StorageException {
        if (!channel.isOpen()) {
            throw new StorageException(Kind.CLOSED, "volume " + name + " is closed");
        }
        if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes > sizeBytes - lengthBytes) {
            throw new StorageException(
                    Kind.OUT_OF_RANGE,
                    "volume " + name + ": " + lengthBytes + " bytes at " + offsetBytes + " are outside its " + sizeBytes
                            + " bytes");
        }
    }

    private static StorageException failure(String name, String what, IOException cause) {
        if (cause instanceof ClosedChannelException) {
            return new StorageException(Kind.CLOSED, "volume " + name + " is closed", cause);
        }
        String reason = reason(cause);
        Kind kind = reason.contains("No space left") || reason.contains("quota exceeded") ? Kind.NO_SPACE : Kind.IO;
        return new StorageException(kind, "volume " + name + ": " + what + " failed: " + reason, cause);
    }

    /** The system's words without the path that Java puts in front of them. */
    private static String reason(IOException cause) {
        if (cause instanceof AccessDeniedException) {
            return "access denied";
        }
        if (cause instanceof FileSystemException fileSystem) {
            return String.valueOf(fileSystem.getReason());
        }
        return String.valueOf(cause.getMessage());
    }
}
