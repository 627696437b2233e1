package org.openvrg.itests.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Tools;

/**
 * Guests that move, end and begin, and whose disks change, while they are captured: the capture follows them. What they
 * write goes to the gateway over TLS, with the certificates of both ends checked.
 */
class KvmFollowTest {
    private static final System.Logger LOG = System.getLogger(KvmFollowTest.class.getName());
    private static final Duration LONG = Duration.ofMinutes(3);
    private static final String NOTHING_KNOWN = "nobody watched";

    private static final String CREDENTIALS = "vrg";

    private static HostKeys keys;
    private static KvmLab lab;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        keys = new HostKeys();
        String fingerprint = keys.fingerprint();
        lab = new KvmLab("kvm-follow", pair -> {
            // the scrub reads all the time, and what reads needs QEMU's NBD server
            Pair.replication(pair.production(), "scrub.bytes-per-second", 0);
            pair.production().configure("org.openvrg.nbd", "tls", "required");
            pair.production().configure("org.openvrg.nbd", "tls-client-fingerprints", fingerprint);
            pair.production().configure("org.openvrg.platform.kvm-lab", "tls-credentials", CREDENTIALS);
        });
        keys.believe(lab.pair().production());
    }

    @AfterAll
    static void stop() throws IOException {
        lab.close();
    }

    /** Makes new random bytes in one file of the guest, on its disk. */
    private static void change(Guest guest) throws IOException {
        guest.run(
                "dd if=/dev/urandom of=/mnt/changed bs=1M count=" + KvmLab.CHANGED_MIB + " conv=notrunc && sync", LONG);
    }

    /** Waits until all that the guest wrote is on the standby, in state 1, and compares. */
    private static void assertInStep(Guest guest) throws IOException, InterruptedException {
        guest.run("sync");
        lab.awaitDrained(guest);
        for (Guest.Disk disk : guest.disks()) {
            lab.assertEqual(disk);
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
                () -> times + " times live: " + failure(guest),
                () -> unseen(guest.volume()).size() >= times);
        try {
            return unseen(guest.volume()).get(times - 1);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void tell(String what, String known, long bytes) {
        KvmLab.tellWire(what + ", the host knew of " + known, bytes);
    }

    /** A guest whose QEMU can speak TLS with the gateway. */
    private static Guest guest(String name, Guest.Disk... disks) {
        Guest guest = lab.emptyGuest(name, disks);
        guest.option("-object", keys.object(CREDENTIALS));
        return guest;
    }

    @Test
    void aGuestIsCapturedOverTls() throws IOException, InterruptedException {
        try (Guest guest = guest("tls", lab.newDisk("raw")).start();
                Monitor monitor = guest.monitor()) {
            guest.makeFileSystem();
            assertEquals(List.of(3, 1), lab.protect(guest, guest.volume()), "states of the VM");
            change(guest);
            assertInStep(guest);
            String export = lab.pair().uri(guest.volume());
            String nodes = monitor.execute("query-named-block-nodes").toString();
            assertTrue(nodes.contains(export), nodes);
            Tools.Result clear = Tools.run(LONG, List.of("nbdinfo", export));
            assertNotEquals(0, clear.code(), clear.output());
            LOG.log(Level.INFO, "mirrored to {0} over TLS; without TLS {1}", export, clear.output());
            lab.end(guest);
        }
    }

    private static String failure(Guest guest) {
        return lab.pair().describe(guest.uuid()) + guest.describe();
    }

    @Test
    void aGuestIsFollowedToOtherHosts() throws IOException, InterruptedException {
        try (Guest guest = guest("first", lab.newDisk("raw")).start()) {
            guest.makeFileSystem();
            assertEquals(List.of(3, 1), lab.protect(guest, guest.volume()), "states of the VM");
            guest.startRecords();
            guest.awaitRecords(10);
            String known = move(guest, "second", true);
            assertTrue(known.endsWith(" ranges"), known);
            assertEquals(NOTHING_KNOWN, move(guest, "third", false));
            assertTrue(guest.isLeft(), "a QEMU ended that the guest left");
            guest.stopRecords();
            assertInStep(guest);
            lab.end(guest);
        }
    }

    /** Takes a guest that writes to another QEMU; what the host knew of unseen writes there. */
    private static String move(Guest guest, String to, boolean bitmaps) throws IOException, InterruptedException {
        assertInStepRunning(guest);
        KvmLab.awaitRotation();
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
        tell("migrated " + (bitmaps ? "with" : "without") + " dirty-bitmaps", known, bytes);
        LOG.log(Level.INFO, "the guest waited {0} ms at most", guest.longestGapMillis());
        assertTrue(bytes < KvmLab.MOST_MIB * KvmLab.MIB, () -> bytes + " bytes on the wire");
        assertEquals(times + 1, unseen(guest.volume()).size(), "times the capture went live");
        return known;
    }

    private static void assertInStepRunning(Guest guest) throws IOException, InterruptedException {
        guest.stopRecords();
        assertInStep(guest);
        guest.startRecords();
    }

    @Test
    void disksComeAndGo() throws IOException, InterruptedException {
        Guest.Disk one = lab.newDisk("raw");
        Guest.Disk two = lab.newDisk("raw");
        Guest.Disk hot = lab.newDisk("raw");
        try (Guest guest = guest("disks", one, two).start();
                Monitor monitor = guest.monitor()) {
            guest.makeFileSystem();
            makeFileSystem(guest, "vdb");
            lab.protect(guest, one.volume(), two.volume());
            assertInStep(guest);

            plug(monitor, hot);
            Await.until(Guest.SOON, guest::describe, () -> guest.run("ls /dev").contains("vdd"));
            makeFileSystem(guest, "vdd");
            // as a backup does that reads from the VM's QEMU; it finds the server free as long as nothing is read
            Path backup = lab.sockets().resolve("backup");
            Await.until(Guest.SOON, () -> "the NBD server is never free: " + failure(guest), () -> {
                String address = "{'addr': {'type': 'unix', 'data': {'path': '" + backup + "'}}}";
                monitor.execute("nbd-server-start", address);
                return true;
            });
            lab.pair().protectStandby(guest.uuid(), "LOCALPOME", one.volume(), two.volume(), hot.volume());
            lab.pair().protectProduction(guest.uuid(), true, true, one.volume(), two.volume(), hot.volume());
            String alarm = awaitAlarm(guest, "in use by somebody else");
            LOG.log(Level.INFO, "the NBD server of QEMU taken by a backup: {0}", alarm);
            monitor.execute("nbd-server-stop");
            lab.awaitInStep(guest);
            guest.run("dd if=/dev/urandom of=/mnt-vdd/file bs=1M count=4 && sync", LONG);
            assertInStep(guest);
            lab.assertEqual(hot);
            List<String> other = unseen(one.volume());
            LOG.log(Level.INFO, "unseen writes of a disk while another one was added: {0}", other);
            assertTrue(other.get(other.size() - 1).endsWith(" ranges"), other.toString());

            guest.run("umount /mnt-vdd");
            monitor.execute("device_del", "{'id': 'hot'}");
            alarm = awaitAlarm(guest, "volume " + hot.volume() + ": the disk was taken from the VM");
            LOG.log(Level.INFO, "disk taken away: {0}", alarm);
            Await.until(Guest.SOON, () -> failure(guest), () -> {
                monitor.execute("blockdev-del", "{'node-name': 'hot'}");
                return true;
            });
            monitor.execute("blockdev-del", "{'node-name': 'file-hot'}");
            lab.pair().protectStandby(guest.uuid(), "LOCALPOME", one.volume(), two.volume());
            lab.pair().protectProduction(guest.uuid(), true, true, one.volume(), two.volume());
            lab.awaitInStep(guest);
            change(guest);
            guest.run("dd if=/dev/urandom of=/mnt-vdb/file bs=1M count=4 && sync", LONG);
            assertInStep(guest);
            lab.end(guest);
            Await.until(
                    Guest.SOON,
                    () -> "traces in QEMU: " + failure(guest),
                    () -> !monitor.execute("query-named-block-nodes").toString().contains("vrg-")
                            && monitor.execute("query-block-exports").isEmpty());
        }
    }

    private static void makeFileSystem(Guest guest, String device) throws IOException {
        guest.run("/e2fs/mke2fs -q -t ext4 /dev/" + device + " && mkdir /mnt-" + device + " && mount -t ext4 /dev/"
                + device + " /mnt-" + device);
    }

    private static void plug(Monitor monitor, Guest.Disk disk) throws IOException {
        monitor.execute(
                "blockdev-add", "{'driver': 'file', 'node-name': 'file-hot', 'filename': '" + disk.image() + "'}");
        monitor.execute("blockdev-add", "{'driver': '" + disk.format() + "', 'node-name': 'hot', 'file': 'file-hot'}");
        monitor.execute(
                "device_add",
                "{'driver': 'virtio-blk-pci', 'id': 'hot', 'drive': 'hot', 'serial': '" + disk.volume() + "'}");
    }

    /** Waits for the alarm that the writes of a guest are not captured, for a reason. */
    private static String awaitAlarm(Guest guest, String reason) {
        List<String> found = new ArrayList<>();
        Await.until(Pair.IN_STEP, () -> "an alarm with " + reason + ": " + failure(guest), () -> {
            for (JsonNode alarm :
                    lab.pair().production().rest().get("/ext/alarms").path("alarms")) {
                String text = alarm.path("text").asText();
                boolean captureLost = alarm.path("kind").asText().equals("CAPTURE_LOST");
                if (captureLost && alarm.path("vmUuid").asText().equals(guest.uuid()) && text.contains(reason)) {
                    found.add(text);
                }
            }
            return !found.isEmpty();
        });
        return found.get(0);
    }

    @Test
    void disksAreResized() throws IOException, InterruptedException {
        Guest.Disk one = lab.newDisk("raw");
        Guest.Disk two = lab.newDisk("raw");
        try (Guest guest = guest("resized", one, two).start();
                Monitor monitor = guest.monitor()) {
            guest.makeFileSystem();
            lab.protect(guest, one.volume(), two.volume());
            assertInStep(guest);
            long larger = KvmLab.DISK_BYTES + 32 * KvmLab.MIB;
            Monitor.Refused refused = assertThrows(Monitor.Refused.class, () -> resize(monitor, 1, larger));
            assertTrue(String.valueOf(refused.getMessage()).contains("in use"), refused.getMessage());

            // one disk of several: production leaves it out for as long as it takes
            int times = unseen(one.volume()).size();
            lab.pair().protectProduction(guest.uuid(), true, true, one.volume());
            Await.until(Guest.SOON, () -> failure(guest), () -> !hasBitmap(monitor, "disk1"));
            assertTrue(resize(monitor, 1, larger));
            lab.pair().protectProduction(guest.uuid(), true, true, one.volume(), two.volume());
            assertResized(guest, two, larger);
            List<String> other =
                    unseen(one.volume()).subList(times, unseen(one.volume()).size());
            LOG.log(Level.INFO, "unseen writes of a disk while another one was resized: {0}", other);
            assertFalse(other.contains(NOTHING_KNOWN), other.toString());

            // the only one, or all of them: production's protection is removed and made again
            assertEquals(1, Pair.remove(lab.pair().production(), guest.uuid(), false));
            assertTrue(resize(monitor, 0, larger));
            lab.pair().protectProduction(guest.uuid(), true, true, one.volume(), two.volume());
            assertResized(guest, one, larger);
            lab.end(guest);
        }
    }

    private static void assertResized(Guest guest, Guest.Disk disk, long bytes)
            throws IOException, InterruptedException {
        List<Integer> states = lab.awaitInStep(guest);
        char letter = (char) ('a' + guest.disks().indexOf(disk));
        guest.run("dd if=/dev/urandom of=/dev/vd" + letter + " bs=1M seek=120 count=4 conv=notrunc,fsync", LONG);
        assertInStep(guest);
        assertEquals(bytes, Files.size(disk.image()));
        assertEquals(bytes, Files.size(lab.pair().standbyDisk(disk.volume())));
        LOG.log(Level.INFO, "vd{0} resized while it runs: states {1}, both have {2} bytes", letter, states, bytes);
    }

    private static boolean hasBitmap(Monitor monitor, String node) throws IOException {
        for (JsonNode known : monitor.execute("query-named-block-nodes", "{'flat': true}")) {
            if (known.path("node-name").asText().equals(node)) {
                return known.path("dirty-bitmaps").toString().contains("vrg-");
            }
        }
        throw new AssertionError("no node " + node);
    }

    private static boolean resize(Monitor monitor, int disk, long bytes) throws IOException {
        monitor.execute("block_resize", "{'node-name': 'disk" + disk + "', 'size': " + bytes + "}");
        return true;
    }

    @Test
    void anImageThatKeepsBitmapsIsFollowedThroughAnEnd() throws IOException, InterruptedException {
        Guest.Disk disk = lab.newDisk("qcow2");
        try (Guest guest = guest("qcow", disk).start()) {
            guest.makeFileSystem();
            lab.protect(guest, disk.volume());
            assertInStep(guest);
            KvmLab.awaitRotation();
            lab.pair().production().kill();
            change(guest);
            long before = lab.wireBytes();
            guest.quit();
            guest.start();
            guest.run("mount -t ext4 /dev/vda /mnt");
            int times = unseen(disk.volume()).size();
            lab.pair().production().start();
            lab.pair().awaitPaired();
            String known = awaitLive(guest, times + 1);
            assertInStep(guest);
            long bytes = lab.wireBytes() - before;
            tell("qcow2, QEMU ended in order", known, bytes);
            assertTrue(known.endsWith(" ranges"), known);
            assertTrue(
                    bytes >= KvmLab.CHANGED_MIB * KvmLab.MIB && bytes < KvmLab.MOST_MIB * KvmLab.MIB,
                    () -> bytes + " bytes on the wire");

            before = lab.wireBytes();
            times = unseen(disk.volume()).size();
            guest.kill();
            guest.start();
            guest.run("mount -t ext4 /dev/vda /mnt");
            change(guest);
            known = awaitLive(guest, times + 1);
            assertInStep(guest);
            tell("qcow2, QEMU killed", known, lab.wireBytes() - before);
            assertEquals(NOTHING_KNOWN, known);

            // the disk is made larger while QEMU is not there: noticed and followed, nothing has to be told
            guest.quit();
            long larger = KvmLab.DISK_BYTES + 16 * KvmLab.MIB;
            Tools.succeed(
                    LONG,
                    List.of(
                            "qemu-img",
                            "resize",
                            "-q",
                            "-f",
                            "qcow2",
                            disk.image().toString(),
                            "" + larger));
            guest.start();
            Await.until(
                    Pair.IN_STEP,
                    () -> failure(guest),
                    () -> Files.size(lab.pair().standbyDisk(disk.volume())) == larger);
            lab.awaitInStep(guest);
            guest.run("dd if=/dev/urandom of=/dev/vda bs=1M seek=100 count=4 conv=notrunc,fsync", LONG);
            assertInStep(guest);
            lab.end(guest);
        }
    }
}
