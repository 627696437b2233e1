package org.openvrg.itests.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;

/** Guests that move, end and begin, and whose disks change, while they are captured: the capture follows them. */
class KvmFollowTest {
    private static final System.Logger LOG = System.getLogger(KvmFollowTest.class.getName());
    private static final Duration LONG = Duration.ofMinutes(3);
    private static final long MIB = 1L << 20;
    private static final int CHANGED_MIB = 4;
    /** As in the test of outages: the blocks around what changed, the journal of ext4, what both sites tell each other. */
    private static final double MOST_MIB = 2.5 * CHANGED_MIB + 4;

    private static final String NOTHING_KNOWN = "nobody watched";

    private static KvmLab lab;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        lab = new KvmLab("kvm-follow");
    }

    @AfterAll
    static void stop() throws IOException {
        lab.close();
    }

    /** Makes new random bytes in one file of the guest, on its disk. */
    private static void change(Guest guest) throws IOException {
        guest.run("dd if=/dev/urandom of=/mnt/changed bs=1M count=" + CHANGED_MIB + " conv=notrunc && sync", LONG);
    }

    /** Waits until all that the guest wrote is on the standby, in state 1, and compares. */
    private static void assertInStep(Guest guest) throws IOException, InterruptedException {
        guest.run("sync");
        lab.awaitDrained(guest);
        for (Guest.Disk disk : guest.disks()) {
            lab.assertEqual(disk.volume());
        }
    }

    /** What the host knew of unseen writes each time when the capture of a volume went live. */
    private static List<String> unseen(String volume) throws IOException {
        Matcher line = Pattern.compile("Volume " + volume + " of VM \\S+ is mirrored; unseen before: (.*)")
                .matcher(lab.pair().production().log());
        return line.results().map(found -> found.group(1).strip()).toList();
    }

    /** Waits until the capture went live once more, and returns what the host knew then. */
    private static String awaitLive(Guest guest, int times) {
        Await.until(
                Pair.IN_STEP,
                () -> times + " times live: " + lab.pair().describe(guest.uuid()) + guest.describe(),
                () -> unseen(guest.volume()).size() >= times);
        try {
            return unseen(guest.volume()).get(times - 1);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void tell(String what, String known, long bytes) {
        LOG.log(
                Level.INFO,
                String.format(
                        Locale.ROOT,
                        "%s: the host knew of %s; %d MiB changed of %d MiB, %.2f MiB on the wire",
                        what,
                        known,
                        CHANGED_MIB,
                        KvmLab.DISK_BYTES / MIB,
                        (double) bytes / MIB));
    }

    @Test
    void aGuestIsFollowedToOtherHosts() throws IOException, InterruptedException {
        Guest guest = lab.newGuest();
        assertEquals(List.of(3, 1), lab.protect(guest, guest.volume()), "states of the VM");
        guest.startRecords();
        guest.awaitRecords(10);
        String known = move(guest, "second", true);
        assertTrue(known.endsWith(" ranges"), known);
        known = move(guest, "third", false);
        assertEquals(NOTHING_KNOWN, known);
        guest.stopRecords();
        assertInStep(guest);
        guest.close();
    }

    /** Takes a guest that writes to another QEMU; what the host knew of unseen writes there. */
    private static String move(Guest guest, String to, boolean bitmaps) throws IOException, InterruptedException {
        assertInStepRunning(guest);
        Await.pass(KvmLab.ROTATION.multipliedBy(3));
        int times = unseen(guest.volume()).size();
        long before = lab.wireBytes();
        guest.resetGap();
        guest.migrate(to, bitmaps);
        change(guest);
        guest.awaitRecords(10);
        String known = awaitLive(guest, times + 1);
        assertInStepRunning(guest);
        guest.awaitRecords(10);
        long bytes = lab.wireBytes() - before;
        tell("migrated " + (bitmaps ? "with" : "without") + " bitmaps", known, bytes);
        assertTrue(bytes < MOST_MIB * MIB, () -> bytes + " bytes on the wire");
        LOG.log(Level.INFO, "the guest waited {0} ms at most", guest.longestGapMillis());
        assertEquals(times + 1, unseen(guest.volume()).size(), "times the capture went live");
        return known;
    }

    private static void assertInStepRunning(Guest guest) throws IOException, InterruptedException {
        guest.stopRecords();
        assertInStep(guest);
        guest.startRecords();
    }
}
