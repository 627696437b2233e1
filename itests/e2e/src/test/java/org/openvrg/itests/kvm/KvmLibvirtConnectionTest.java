package org.openvrg.itests.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.openvrg.itests.Await;
import org.openvrg.itests.Pair;
import org.openvrg.itests.Ports;
import org.openvrg.itests.Tools;

/**
 * A domain whose XML says nothing of the gateway, captured through libvirt's own monitor, while libvirt, the gateway, or
 * both are killed or stopped. The gateway runs before there is a libvirt, and a neighbour has a hostile name.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class KvmLibvirtConnectionTest {
    private static final System.Logger LOG = System.getLogger(KvmLibvirtConnectionTest.class.getName());
    private static final Duration TOOL = Duration.ofMinutes(1);
    private static final int READERS = 4;

    private static KvmLab lab;
    private static Libvirt libvirt;
    private static Path otherSockets;
    private static Libvirt other;
    private static String neighbour;
    private static Guest guest;
    private static TlsKeys keys;
    private static int tlsPort;
    private static int firstReader;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        lab = new KvmLab("kvm-libvirt-connection");
        lab.configure("folder", "");
        otherSockets = Files.createTempDirectory("vrg-kvm");
        lab.configure("libvirt", host(lab.sockets()) + ", " + host(otherSockets));
        lab.pair().production().writeConfiguration();
        keys = new TlsKeys(lab.folder().resolve("keys"));
        tlsPort = Ports.free(1)[0];
        firstReader = Ports.free(1)[0];
        String tls = "listen_tls = 1\nlisten_addr = \"127.0.0.1\"\ntls_port = \"" + tlsPort + "\"\nca_file = \""
                + keys.file("ca.pem") + "\"\ncert_file = \"" + keys.file("server.pem") + "\"\nkey_file = \""
                + keys.file("server.key") + "\"\n";
        libvirt = new Libvirt(lab.folder().resolve("libvirt"), lab.sockets(), tls);
        other = new Libvirt(lab.folder().resolve("other"), otherSockets);
        neighbour = libvirt.startNeighbour();
        guest = lab.emptyGuest();
        libvirt.define(guest);
        libvirt.boot(guest);
        guest.makeFileSystem();
    }

    private static String host(Path sockets) {
        return "qemu+unix:///system?socket=" + sockets.resolve("libvirt-sock") + ";readers=" + sockets;
    }

    @AfterAll
    static void stop() throws IOException {
        try {
            for (Libvirt one : new Libvirt[] {libvirt, other}) {
                if (one != null) {
                    one.close();
                }
            }
            try (Stream<Path> files = Files.list(otherSockets)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(otherSockets);
        } finally {
            lab.close();
        }
    }

    private static String failure() {
        return lab.pair().describe(guest.uuid()) + guest.describe();
    }

    private static void change(String file) throws IOException {
        guest.run("dd if=/dev/urandom of=/mnt/" + file + " bs=1M count=" + KvmLab.CHANGED_MIB + " && sync");
    }

    /** Waits until all that the guest wrote is on the standby, in state 1, and compares. */
    private static void assertInStep() throws IOException, InterruptedException {
        guest.run("sync");
        lab.awaitDrained(guest);
        lab.assertEqual(guest.volume());
    }

    /** Fails unless QEMU, asked through libvirt's own monitor, has a mirror that copies each write. */
    private static void assertMirrored() throws IOException, InterruptedException {
        assertMirrored(libvirt);
    }

    private static void assertMirrored(Libvirt host) throws IOException, InterruptedException {
        String jobs = host.virsh("qemu-monitor-command", guest.name(), "{\"execute\":\"query-block-jobs\"}");
        assertTrue(jobs.contains("\"vrg-") && jobs.contains("\"ready\":true"), jobs);
    }

    private static String tell(String... command) throws IOException, InterruptedException {
        String said = libvirt.virsh(command);
        LOG.log(Level.INFO, "virsh {0}: {1}", String.join(" ", command), said.replaceAll("\\s+", " "));
        return said;
    }

    private static void awaitState(int state) {
        Await.until(
                Pair.IN_STEP,
                KvmLibvirtConnectionTest::failure,
                () -> lab.report(guest).path("state").asInt() == state);
    }

    /** Begins to have the guest write all the time. */
    private static void startWriting() throws IOException {
        guest.startRecords();
        guest.awaitRecords(10);
        guest.resetGap();
    }

    /** Waits until the guest has written on, and tells how long it waited at most. */
    private static void writeOn(String what) {
        guest.awaitRecords(30);
        LOG.log(Level.INFO, "{0}: the guest waited {1} ms at most", what, guest.longestGapMillis());
    }

    @Test
    @Order(1)
    void aDomainIsProtectedAsItIs() throws IOException, InterruptedException {
        assertFalse(tell("dumpxml", guest.name()).contains("-qmp"));
        assertEquals(List.of(3, 1), lab.protect(guest, guest.volume()), "states of the VM");
        assertMirrored();
        change("protected");
        assertInStep();
        // libvirt notes it with each domain whose monitor somebody uses
        assertTrue(tell("dominfo", guest.name()).contains("custom monitor"));
        assertFalse(tell("dominfo", neighbour).contains("custom monitor"));
    }

    @Test
    @Order(2)
    void libvirtGoesOnWithIt() throws IOException, InterruptedException {
        Path image = lab.folder().resolve("another.raw");
        Tools.succeed(TOOL, List.of("qemu-img", "create", "-q", "-f", "raw", image.toString(), "16M"));
        tell("attach-disk", guest.name(), image.toString(), "vdb", "--subdriver", "raw");
        Await.until(Guest.SOON, guest::describe, () -> guest.run("ls /dev").contains("vdb"));
        tell("detach-disk", guest.name(), "vdb");
        Await.until(Guest.SOON, guest::describe, () -> !libvirt.virsh("domblklist", guest.name())
                .contains("vdb"));
        tell("suspend", guest.name());
        tell("resume", guest.name());
        // as QEMU does with any disk that has a job
        String refused = libvirt.refused("blockresize", guest.name(), "vda", "128M");
        assertTrue(refused.contains("in use"), refused);
        assertMirrored();
        change("gone-on");
        assertInStep();
    }

    @Test
    @Order(3)
    void aLibvirtdThatIsKilledHoldsNobodyUp() throws IOException, InterruptedException {
        startWriting();
        libvirt.restart();
        writeOn("libvirtd killed and started");
        guest.stopRecords();
        assertInStep();
        assertMirrored();
    }

    @Test
    @Order(4)
    void aLibvirtdThatHangsHoldsNobodyUp() throws IOException, InterruptedException {
        startWriting();
        libvirt.pause();
        try {
            // the mirror goes on, but nobody can know
            awaitState(2);
            writeOn("libvirtd stopped");
            guest.stopRecords();
            change("libvirtd-stopped");
        } finally {
            libvirt.resume();
        }
        assertInStep();
        assertMirrored();
    }

    @Test
    @Order(5)
    void aGatewayThatHangsIsCutOffThroughLibvirt() throws IOException, InterruptedException {
        KvmLab.awaitRotation();
        startWriting();
        long before = lab.wireBytes();
        long losses = lab.losses();
        lab.pair().production().pause();
        try {
            writeOn("gateway stopped");
            guest.stopRecords();
            change("gateway-stopped");
            assertTrue(lab.pair().production().running(), "the gateway was killed, though libvirt answers");
        } finally {
            lab.pair().production().resume();
        }
        // before it knows, it still tells the state of before
        Await.until(Pair.IN_STEP, KvmLibvirtConnectionTest::failure, () -> lab.losses() > losses);
        awaitState(1);
        assertInStep();
        lab.assertOnlyChanges(guest, "gateway stopped and continued", before);
        assertTrue(lab.pair().production().log().contains("cut off 1 disks"));
    }

    @Test
    @Order(6)
    void whereLibvirtHangsTooTheGatewayIsEnded() throws IOException, InterruptedException {
        KvmLab.awaitRotation();
        startWriting();
        long before = lab.wireBytes();
        libvirt.pause();
        try {
            lab.pair().production().pause();
            writeOn("gateway and libvirtd stopped");
            guest.stopRecords();
            change("both-stopped");
            Await.until(Guest.SOON, KvmLibvirtConnectionTest::failure, () -> !lab.pair()
                    .production()
                    .running());
        } finally {
            libvirt.resume();
        }
        lab.pair().production().start();
        lab.pair().awaitPaired();
        assertInStep();
        lab.assertOnlyChanges(guest, "gateway and libvirtd stopped, gateway ended and started", before);
        assertTrue(lab.pair().production().log().contains("The guard ended this gateway's last life"));
    }

    @Test
    @Order(7)
    void theNextRunIsFollowed() throws IOException, InterruptedException {
        long losses = lab.losses();
        tell("destroy", guest.name());
        libvirt.boot(guest);
        guest.run("mount -t ext4 /dev/vda /mnt");
        change("next-run");
        Await.until(Pair.IN_STEP, KvmLibvirtConnectionTest::failure, () -> lab.losses() > losses);
        lab.pair().awaitInStep(guest.uuid());
        assertInStep();
        assertMirrored();
    }

    @Test
    @Order(8)
    void aRestoredDomainIsFollowed() throws IOException, InterruptedException {
        String file = lab.folder().resolve("saved").toString();
        long losses = lab.losses();
        tell("save", guest.name(), file);
        tell("restore", file);
        guest.reattach();
        change("restored");
        Await.until(Pair.IN_STEP, KvmLibvirtConnectionTest::failure, () -> lab.losses() > losses);
        lab.pair().awaitInStep(guest.uuid());
        assertInStep();
        assertMirrored();
    }

    @Test
    @Order(9)
    void aMigrationIsFollowed() throws IOException, InterruptedException {
        startWriting();
        long losses = lab.losses();
        libvirt.migrate(guest, other, Ports.free(1)[0]);
        guest.awaitRecords(30);
        guest.stopRecords();
        change("migrated");
        Await.until(Pair.IN_STEP, KvmLibvirtConnectionTest::failure, () -> lab.losses() > losses);
        lab.pair().awaitInStep(guest.uuid());
        assertInStep();
        assertMirrored(other);
        other.virsh("destroy", guest.name());
    }

    @Test
    @Order(10)
    void libvirtIsReachedByTls() throws IOException, InterruptedException {
        lab.pair().production().stop();
        lab.configure(
                "libvirt",
                "qemu+tls://127.0.0.1:" + tlsPort + "/system;readers=127.0.0.1:" + firstReader + "-"
                        + (firstReader + READERS - 1));
        lab.configure("tls-keystore-file", keys.file("client.p12"));
        lab.configure("tls-keystore-password-file", keys.file("password"));
        lab.configure("tls-authorities-file", keys.file("ca.pem"));
        lab.pair().production().start();
        lab.pair().awaitPaired();
        libvirt.boot(guest);
        guest.run("mount -t ext4 /dev/vda /mnt");
        change("by-tls");
        lab.pair().awaitInStep(guest.uuid());
        assertInStep();
        assertMirrored();
    }

    @Test
    @Order(11)
    @Tag("long")
    void whereQemuHangsTooTheGatewayIsEnded() throws Exception {
        startWriting();
        lab.pair().production().pause();
        // the guest waits for the gateway now, and QEMU's monitor for the guest's write
        Await.pass(Duration.ofMillis(500));
        CompletableFuture<String> suspended = CompletableFuture.supplyAsync(() -> {
            try {
                return tell("suspend", guest.name());
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertTrue(
                suspended.get(Guest.SOON.toSeconds(), TimeUnit.SECONDS).contains("suspended"), "it was not suspended");
        Await.until(Guest.SOON, KvmLibvirtConnectionTest::failure, () -> !lab.pair()
                .production()
                .running());
        tell("resume", guest.name());
        writeOn("gateway stopped, domain suspended and resumed");
        guest.stopRecords();
        lab.pair().production().start();
        lab.pair().awaitPaired();
        assertInStep();
    }
}
