package org.openvrg.qemu.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;

/**
 * Looks at the header of an image before QEMU does: it must be of the format that it is taken for, and must not lead to
 * any other file. Images with a backing file, a parent, external data or extents are refused, as they could show files
 * from outside of their datastore.
 *
 * <p>Sources: QEMU's description of qcow2 (docs/interop/qcow2.txt), VMware's Virtual Disk Format 5.0, Microsoft's Virtual
 * Hard Disk Image Format Specification, and MS-VHDX.
 */
final class ImageHeader {
    private static final int HEAD_BYTES = 64 * 1024;
    private static final int QCOW2_MAGIC = 0x514649fb;
    private static final int QCOW2_V2_BYTES = 72;
    private static final int QCOW2_V3_BYTES = 104;
    private static final long QCOW2_EXTERNAL_DATA = 1L << 2;
    private static final int QCOW2_DATA_FILE_NAME = 0x44415441;
    private static final int VMDK_MAGIC = 0x4b444d56;
    private static final long VMDK_MAX_DESCRIPTOR_SECTORS = 120;
    private static final int SECTOR_BYTES = 512;
    private static final long VHD_COOKIE = 0x636f6e6563746978L;
    private static final int VHD_TYPE_AT = 60;
    private static final int VHD_DYNAMIC = 3;
    private static final long VHDX_MAGIC = 0x7668647866696c65L;

    private final ByteBuffer head;
    private final String name;

    private ImageHeader(ByteBuffer head, String name) {
        this.head = head;
        this.name = name;
    }

    /**
     * Refuses an image.
     *
     * @param name what messages call it
     * @throws StorageException {@link Kind#PATH_WRONG} if it is not of the format, or leads to other files
     */
    static void check(Path file, ImageFormat format, String name) throws IOException, StorageException {
        ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            int count;
            do {
                count = channel.read(head, head.position());
            } while (count > 0 && head.hasRemaining());
        }
        ImageHeader header = new ImageHeader(head.flip(), name);
        switch (format) {
            case RAW -> {}
            case QCOW2 -> header.qcow2();
            case VHD -> header.vhd();
            case VHDX -> header.must(header.has(8) && header.head.getLong(0) == VHDX_MAGIC, "it is no VHDX image");
            case VMDK -> header.vmdk();
        }
    }

    private void qcow2() throws StorageException {
        must(has(QCOW2_V2_BYTES) && head.getInt(0) == QCOW2_MAGIC, "it is no qcow2 image");
        int version = head.getInt(4);
        must(version == 2 || version == 3, "its version of qcow2 is not known");
        must(head.getLong(8) == 0 && head.getInt(16) == 0, "it has a backing file");
        must(head.getInt(32) == 0, "it is encrypted");
        int extensions = QCOW2_V2_BYTES;
        if (version == 3) {
            must(has(QCOW2_V3_BYTES), "it is no qcow2 image");
            must((head.getLong(72) & QCOW2_EXTERNAL_DATA) == 0, "its data is in another file");
            extensions = head.getInt(100);
        }
        qcow2Extensions(extensions);
    }

    private void qcow2Extensions(int first) throws StorageException {
        long at = first;
        while (true) {
            must(at >= QCOW2_V2_BYTES && at + 8 <= head.limit(), "its header extensions do not end");
            int type = head.getInt((int) at);
            if (type == 0) {
                return;
            }
            must(type != QCOW2_DATA_FILE_NAME, "its data is in another file");
            long length = Integer.toUnsignedLong(head.getInt((int) at + 4));
            at += 8 + (length + 7) / 8 * 8;
        }
    }

    /** A fixed VHD has no header but a footer, and the guest's bytes at its beginning, where QEMU looks for a header. */
    private void vhd() throws StorageException {
        must(
                has(SECTOR_BYTES) && head.getLong(0) == VHD_COOKIE && head.getInt(VHD_TYPE_AT) == VHD_DYNAMIC,
                "it is no dynamic VHD image");
    }

    private void vmdk() throws StorageException {
        must(has(SECTOR_BYTES) && head.getInt(0) == VMDK_MAGIC, "it is no VMDK image of the type monolithicSparse");
        ByteBuffer little = head.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        long capacity = little.getLong(12);
        long descriptorSector = little.getLong(28);
        long descriptorSectors = little.getLong(36);
        long grainDirectory = little.getLong(56);
        must(capacity > 0 && grainDirectory > 0, "it is no VMDK image of the type monolithicSparse");
        must(
                descriptorSector > 0
                        && descriptorSectors > 0
                        && descriptorSectors <= VMDK_MAX_DESCRIPTOR_SECTORS
                        && descriptorSector <= VMDK_MAX_DESCRIPTOR_SECTORS
                        && has((int) (descriptorSector + descriptorSectors) * SECTOR_BYTES),
                "its descriptor is not where it should be");
        String text = StandardCharsets.ISO_8859_1
                .decode(head.slice((int) descriptorSector * SECTOR_BYTES, (int) descriptorSectors * SECTOR_BYTES))
                .toString()
                .toLowerCase(Locale.ROOT);
        must(text.contains("createtype=\"monolithicsparse\""), "it is no VMDK image of the type monolithicSparse");
        must(!text.contains("parentfilenamehint") && text.contains("parentcid=ffffffff"), "it has a parent");
    }

    private boolean has(int bytes) {
        return head.limit() >= bytes;
    }

    private void must(boolean holds, String otherwise) throws StorageException {
        if (!holds) {
            throw new StorageException(Kind.PATH_WRONG, "volume " + name + ": " + otherwise);
        }
    }
}
