package org.openvrg.itests.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Tools;

/** A guest of libvirt: it is captured through monitors of its own, and libvirt goes on as if nothing was there. */
class KvmLibvirtTest {
    private static final System.Logger LOG = System.getLogger(KvmLibvirtTest.class.getName());

    private static final Duration TOOL = Duration.ofMinutes(1);

    @Test
    void aDomainIsCapturedThroughFurtherMonitors() throws IOException, InterruptedException {
        // the scrub reads all the time, and what reads needs QEMU's NBD server, which a pull backup wants
        try (KvmLab lab = new KvmLab(
                        "kvm-libvirt", pair -> Pair.replication(pair.production(), "scrub.bytes-per-second", 0));
                Libvirt libvirt = new Libvirt(lab.folder().resolve("libvirt"), lab.sockets())) {
            Guest guest = lab.emptyGuest();
            String volume = guest.volume();
            libvirt.defineWithMonitors(guest);
            libvirt.boot(guest);
            guest.makeFileSystem();
            assertEquals(List.of(3, 1), lab.protect(guest, volume), "states of the VM");
            write(lab, guest);

            assertMirrored(libvirt, guest);
            aDiskComesAndGoes(lab, libvirt, guest);
            tell(libvirt, "suspend", guest.name());
            tell(libvirt, "resume", guest.name());
            // as QEMU does with any disk that has a job
            String refused = libvirt.refused("blockresize", guest.name(), "vda", "128M");
            assertTrue(refused.contains("in use"), refused);
            libvirt.restart();
            String info = tell(libvirt, "dominfo", guest.name());
            assertTrue(info.contains("running"), info);
            assertMirrored(libvirt, guest);
            write(lab, guest);

            tell(libvirt, "destroy", guest.name());
            libvirt.boot(guest);
            guest.run("mount -t ext4 /dev/vda /mnt");
            lab.pair().awaitInStep(guest.uuid());
            write(lab, guest);
            assertMirrored(libvirt, guest);
            tell(libvirt, "destroy", guest.name());
        }
    }

    /** New random bytes, which have to be on the standby. */
    private static void write(KvmLab lab, Guest guest) throws IOException, InterruptedException {
        guest.run("dd if=/dev/urandom of=/mnt/file bs=1M count=8 && sync");
        lab.awaitDrained(guest);
        lab.assertEqual(guest.volume());
    }

    /** Fails unless QEMU, asked through libvirt's own monitor, has a mirror that copies each write. */
    private static void assertMirrored(Libvirt libvirt, Guest guest) throws IOException, InterruptedException {
        String jobs = tell(libvirt, "qemu-monitor-command", guest.name(), "{\"execute\":\"query-block-jobs\"}");
        assertTrue(jobs.contains("\"vrg-") && jobs.contains("\"ready\":true"), jobs);
    }

    private static void aDiskComesAndGoes(KvmLab lab, Libvirt libvirt, Guest guest)
            throws IOException, InterruptedException {
        Path image = lab.folder().resolve("another.raw");
        Tools.succeed(TOOL, List.of("qemu-img", "create", "-q", "-f", "raw", image.toString(), "16M"));
        tell(libvirt, "attach-disk", guest.name(), image.toString(), "vdb", "--subdriver", "raw");
        Await.until(Guest.SOON, guest::describe, () -> guest.run("ls /dev").contains("vdb"));
        aBackupReadsIt(lab, libvirt, guest);
        tell(libvirt, "detach-disk", guest.name(), "vdb");
        Await.until(Guest.SOON, guest::describe, () -> !libvirt.virsh("domblklist", guest.name())
                .contains("vdb"));
    }

    /** A pull backup of a disk that is not protected, by the NBD server of the QEMU that runs a disk that is. */
    private static void aBackupReadsIt(KvmLab lab, Libvirt libvirt, Guest guest)
            throws IOException, InterruptedException {
        Path socket = lab.sockets().resolve("pull");
        Path backup = lab.folder().resolve("backup.xml");
        Files.writeString(
                backup,
                "<domainbackup mode='pull'><server transport='unix' socket='" + socket + "'/><disks>"
                        + "<disk name='vda' backup='no'/><disk name='vdb' backup='yes' type='file'><scratch file='"
                        + lab.folder().resolve("scratch.qcow2") + "'/></disk></disks></domainbackup>");
        Await.until(Guest.SOON, () -> "no pull backup: " + guest.describe(), () -> {
            try {
                tell(libvirt, "backup-begin", guest.name(), backup.toString());
                return true;
            } catch (AssertionError e) {
                if (String.valueOf(e.getMessage()).contains("already running")) {
                    return false; // the gateway reads
                }
                throw e;
            }
        });
        String copied = Tools.succeed(TOOL, List.of("nbdinfo", "nbd+unix:///vdb?socket=" + socket));
        assertTrue(copied.contains("export-size: 16777216"), copied);
        assertMirrored(libvirt, guest);
        tell(libvirt, "domjobabort", guest.name());
    }

    private static String tell(Libvirt libvirt, String... command) throws IOException, InterruptedException {
        String said = libvirt.virsh(command);
        LOG.log(Level.INFO, "virsh {0}: {1}", String.join(" ", command), said.replaceAll("\\s+", " "));
        return said;
    }
}
