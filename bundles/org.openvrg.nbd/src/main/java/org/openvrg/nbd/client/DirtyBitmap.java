package org.openvrg.nbd.client;

import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.openvrg.api.block.BlockExtent;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;

/**
 * A dirty bitmap that QEMU exports beside a disk, as the metadata context {@code qemu:dirty-bitmap:NAME} (QEMU's
 * {@code docs/interop/nbd}): bit 0 of an extent's status tells that it is dirty. Stateless.
 */
public final class DirtyBitmap {
    private static final String CONTEXT = "qemu:dirty-bitmap:";
    /** Extents of one answer are bounded; this bounds all of them: 64 GiB of blocks of which every other is dirty. */
    private static final int MAX_RANGES = 1 << 20;

    private static final long STEP_BYTES = 1L << 30;

    private DirtyBitmap() {}

    /**
     * A dirty run.
     *
     * @param offsetBytes its first byte
     * @param lengthBytes at least 1
     */
    public record Range(long offsetBytes, long lengthBytes) {}

    /**
     * Reads a bitmap.
     *
     * @param export name of the export that has the bitmap
     * @param limit time that the server has for each request
     * @return what is dirty, ascending, not adjacent
     * @throws StorageException {@link Kind#PATH_WRONG} if the export or its bitmap is not there, {@link Kind#NO_SPACE}
     *     if there are too many ranges to be told apart, else {@link Kind#IO}
     */
    public static List<Range> read(SocketAddress server, String export, String bitmap, Duration limit)
            throws StorageException {
        try (NbdClient client = NbdClient.openWithContext(server, export, CONTEXT + bitmap, limit)) {
            if (!client.hasContext()) {
                throw new StorageException(Kind.PATH_WRONG, "the export has no dirty bitmap " + bitmap);
            }
            List<Range> ranges = new ArrayList<>();
            for (long at = 0; at < client.sizeBytes(); at += STEP_BYTES) {
                addDirty(at, client.extents(at, Math.min(STEP_BYTES, client.sizeBytes() - at)), ranges);
                if (ranges.size() > MAX_RANGES) {
                    throw new StorageException(
                            Kind.NO_SPACE, "the dirty bitmap has more than " + MAX_RANGES + " ranges");
                }
            }
            return List.copyOf(ranges);
        }
    }

    /** Bit 0 is what {@code base:allocation} calls a hole. */
    private static void addDirty(long offset, List<BlockExtent> extents, List<Range> ranges) {
        long at = offset;
        for (BlockExtent extent : extents) {
            if (extent.hole()) {
                int last = ranges.size() - 1;
                if (last >= 0
                        && ranges.get(last).offsetBytes() + ranges.get(last).lengthBytes() == at) {
                    Range before = ranges.get(last);
                    ranges.set(last, new Range(before.offsetBytes(), before.lengthBytes() + extent.lengthBytes()));
                } else {
                    ranges.add(new Range(at, extent.lengthBytes()));
                }
            }
            at += extent.lengthBytes();
        }
    }
}
