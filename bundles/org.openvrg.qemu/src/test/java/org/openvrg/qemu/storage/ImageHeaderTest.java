package org.openvrg.qemu.storage;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;

/** Images made by QEMU's own tool; those that lead to other files must not get as far as QEMU. */
class ImageHeaderTest {
    @TempDir
    Path folder;

    @Test
    void takesImagesThatStandAlone() throws Exception {
        for (ImageFormat format : ImageFormat.values()) {
            Path image = make(format.driver(), "good." + format.driver());
            assertDoesNotThrow(() -> ImageHeader.check(image, format, "disk"));
        }
    }

    @Test
    void refusesOtherFormatsThanItIsToldAndTornFiles() throws Exception {
        Path raw = make("raw", "disk.raw");
        for (ImageFormat format : ImageFormat.values()) {
            if (format != ImageFormat.RAW) {
                refused(raw, format);
                Path good = make(format.driver(), "torn." + format.driver());
                for (long length : new long[] {0, 7, 71, 100, 511}) {
                    try (RandomAccessFile file = new RandomAccessFile(good.toFile(), "rw")) {
                        file.setLength(Math.min(length, file.length()));
                    }
                    if (format != ImageFormat.VHDX || length < 8) {
                        refused(good, format);
                    }
                }
            }
        }
    }

    @Test
    void refusesBackingFilesAndParents() throws Exception {
        Path secret = make("raw", "secret");
        refused(make("qcow2", "b.qcow2", "-b", secret.toString(), "-F", "raw"), ImageFormat.QCOW2);
        Path parent = make("vmdk", "parent.vmdk");
        refused(make("vmdk", "child.vmdk", "-b", parent.toString(), "-F", "vmdk"), ImageFormat.VMDK);
    }

    @Test
    void refusesDataInOtherFiles() throws Exception {
        Path data = folder.resolve("data");
        refused(make("qcow2", "d.qcow2", "-o", "data_file=" + data + ",data_file_raw=on"), ImageFormat.QCOW2);
        refused(make("vmdk", "flat.vmdk", "-o", "subformat=monolithicFlat"), ImageFormat.VMDK);
        refused(make("vmdk", "split.vmdk", "-o", "subformat=twoGbMaxExtentSparse"), ImageFormat.VMDK);
    }

    /** Its first bytes are the guest's. */
    @Test
    void refusesFixedVhd() throws Exception {
        refused(make("vpc", "fixed.vhd", "-o", "subformat=fixed"), ImageFormat.VHD);
    }

    /** QEMU takes a VMDK header without a capacity for a descriptor that may name any file. */
    @Test
    void refusesVmdkHeadersThatHideADescriptor() throws Exception {
        Path image = make("vmdk", "hidden.vmdk");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.seek(12);
            file.writeLong(0);
        }
        refused(image, ImageFormat.VMDK);
    }

    @Test
    void theFormatIsThatOfTheNameNotOfTheContent() throws Exception {
        assertEquals(ImageFormat.QCOW2, ImageFormat.ofFile("vm/disk.QCOW2"));
        assertEquals(ImageFormat.VHD, ImageFormat.ofFile("disk.vhd"));
        assertEquals(ImageFormat.RAW, ImageFormat.ofFile("disk.raw"));
        assertEquals(ImageFormat.RAW, ImageFormat.ofFile("disk"));
        assertEquals(ImageFormat.RAW, ImageFormat.ofFile("qcow2.d"));
        Path looksLikeQcow2 = make("qcow2", "disk.raw");
        assertDoesNotThrow(() -> ImageHeader.check(looksLikeQcow2, ImageFormat.ofFile("disk.raw"), "disk"));
    }

    private static void refused(Path image, ImageFormat format) {
        StorageException refused =
                assertThrows(StorageException.class, () -> ImageHeader.check(image, format, "disk"), image.toString());
        assertEquals(Kind.PATH_WRONG, refused.kind());
    }

    private Path make(String driver, String name, String... options) throws Exception {
        Path image = folder.resolve(name);
        Files.deleteIfExists(image);
        List<String> command = new ArrayList<>(List.of("qemu-img", "create", "-q", "-f", driver));
        command.addAll(List.of(options));
        command.addAll(List.of(image.toString(), "4M"));
        Process tool = new ProcessBuilder(command).inheritIO().start();
        assertEquals(0, tool.waitFor(), command::toString);
        return image;
    }
}
