package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a consistency check costs on the WAN, counted in both directions between the gateways. The disks hold random
 * bytes, so that neither compression nor holes can flatter the figures.
 */
class WireCostTest {
    private static final System.Logger LOG = System.getLogger(WireCostTest.class.getName());
    private static final long DISK_BYTES = 256L << 20;
    private static final int BLOCK_BYTES = 64 * 1024;
    private static final int CHANGED_BLOCKS = Math.toIntExact(DISK_BYTES / BLOCK_BYTES / 100 + 1);

    private static Pair pair;

    @TempDir
    private static Path folder;

    private static Path image;

    @BeforeAll
    static void startBoth() throws IOException, InterruptedException {
        image = Images.random(folder.resolve("image.raw"), DISK_BYTES, 20260102);
        pair = new Pair("wire-cost").patient().start();
    }

    @AfterAll
    static void stopBoth() throws IOException {
        pair.close();
    }

    @Test
    void checksAnEqualDiskForLessThanAHundredthOfItsSize() throws IOException, InterruptedException {
        double percent = percentOnTheWire("equal disk", seeded(0));

        assertTrue(percent < 1.0, () -> percent + "% of the disk went over the wire");
    }

    @Test
    void sendsLittleMoreThanTheBlocksThatDiffer() throws IOException, InterruptedException {
        double percent = percentOnTheWire("disk with " + CHANGED_BLOCKS + " changed blocks", seeded(CHANGED_BLOCKS));

        assertTrue(percent >= 1.0, () -> percent + "% of the disk went over the wire, 1% differs");
        assertTrue(percent < 2.0, () -> percent + "% of the disk went over the wire, 1% differs");
    }

    /** A volume whose standby stands already but for some blocks. */
    private static String seeded(int changedBlocks) throws IOException {
        String volume = UUID.randomUUID().toString();
        Files.createDirectories(pair.standbyDisk(volume).getParent());
        Files.copy(image, pair.standbyDisk(volume));
        Path disk = Files.copy(image, pair.production().home().resolve(volume));
        Images.change(disk, BLOCK_BYTES, changedBlocks, 20260103);
        Files.move(disk, pair.productionDisk(volume)); // as a whole, since the gateway watches that folder
        return volume;
    }

    private static double percentOnTheWire(String what, String volume) throws IOException, InterruptedException {
        pair.awaitExport(volume);
        long before = wireBytes();
        String vm = pair.protect(true, true, volume);
        pair.awaitDrained(vm);
        long bytes = wireBytes() - before;

        pair.assertDisksEqual(volume);
        double percent = 100.0 * bytes / DISK_BYTES;
        LOG.log(
                Level.INFO,
                String.format(
                        Locale.ROOT,
                        "%s of %d MiB: %d bytes on the wire, %.3f%%",
                        what,
                        DISK_BYTES >> 20,
                        bytes,
                        percent));
        return percent;
    }

    private static long wireBytes() {
        return pair.linkToDr().forwardBytes()
                + pair.linkToDr().backwardBytes()
                + pair.linkToProduction().forwardBytes()
                + pair.linkToProduction().backwardBytes();
    }
}
