package org.openvrg.itests.storage;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Await;
import org.openvrg.itests.Load;
import org.openvrg.itests.Pair;
import org.openvrg.testkit.backend.CephCluster;
import org.openvrg.testkit.backend.IscsiTarget;
import org.openvrg.testkit.backend.NfsServer;

/**
 * One pair, into whose DR appliance the storage plug-ins are dropped one after the other, while a VM on local storage
 * replicates under load, and the platform plug-ins after them. Each plug-in's VM loses its plug-in and its back end under load, and both disks are equal in the
 * end; the first VM notices nothing of it.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class StorageKindsTest {
    private static final System.Logger LOG = System.getLogger(StorageKindsTest.class.getName());
    private static final Duration SOON = Duration.ofMinutes(1);

    @TempDir
    static Path folder;

    private static Pair pair;
    private static NfsServer nfs;
    private static String loadedVolume;
    private static String loadedVm;
    private static Load load;
    private static Witness witness;

    @BeforeAll
    static void start() throws IOException, InterruptedException, StorageException {
        nfs = new NfsServer(folder.resolve("nfs")).start();
        pair = new Pair("storage-kinds").patient();
        Witness.tellBundleEvents(pair.dr());
        configure(
                "org.openvrg.qemu.storage",
                Map.of(
                        "run-directory",
                        "${karaf.data}/qemu",
                        "daemon-command",
                        daemon(),
                        "start-timeout-seconds",
                        10,
                        "request-timeout-seconds",
                        5));
        pair.start();
        loadedVolume = pair.newDisk(Standby.DISK_BYTES);
        loadedVm = pair.protect(true, true, loadedVolume);
        pair.awaitInStep(loadedVm);
        pair.awaitExport(loadedVolume);
        load = new Load(pair, 7, 8 * Standby.MIB, Standby.MIB, loadedVolume).start();
        load.awaitMore(30);
        witness = new Witness(pair);
    }

    @AfterAll
    static void stop() throws IOException {
        if (load != null) {
            load.close();
        }
        pair.close();
        nfs.close();
    }

    /** QEMU's storage daemon, which works in the network of the NFS server when it has to do with NFS. */
    private static Path daemon() throws IOException {
        Path script = folder.resolve("daemon");
        Files.writeString(
                script,
                "#!/bin/sh\ncase \"$*\" in *'\"driver\":\"nfs\"'*) exec " + nfs.inside("qemu-storage-daemon")
                        + " \"$@\" ;; esac\nexec qemu-storage-daemon \"$@\"\n");
        return Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @Test
    @Order(1)
    void iscsiUnit() throws IOException, InterruptedException, StorageException {
        try (IscsiTarget target = new IscsiTarget(folder.resolve("iscsi")).start()) {
            int lun = target.add(Standby.DISK_BYTES);
            Path plugIn = deploy("lunpome");
            configure(
                    "org.openvrg.storage.lunpome-test",
                    Map.of(
                            "portals", target.portal(),
                            "initiator-name", "iqn.2026-01.org.openvrg:agent",
                            "chap-user", IscsiTarget.USER,
                            "chap-secret-file", secret("chap", IscsiTarget.SECRET),
                            "owner-directory", folder.resolve("owners")));
            String url = "iscsi://" + target.portal() + "/" + IscsiTarget.IQN + "/" + lun;
            try (Standby vm = new Standby(pair, "LUNPOME", url, Map.of()).begin()) {
                vm.redeploy(plugIn);
                vm.fault("iSCSI target killed", target::kill, target::start);
                vm.finish(target.file(lun), () -> {});
            }
            pair.dr().undeploy(plugIn);
        }
    }

    @Test
    @Order(2)
    void imageOnAnNfsServer() throws IOException, InterruptedException, StorageException {
        Path image = image(nfs.share().resolve("disk.raw"));
        Path plugIn = deploy("nas");
        configure(
                "org.openvrg.storage.nas-test",
                Map.of("exports", "127.0.0.1:" + nfs.share(), "owner-directory", folder.resolve("owners")));
        try (Standby vm = new Standby(pair, "NAS", "nfs://127.0.0.1" + image, Map.of()).begin()) {
            vm.redeploy(plugIn);
            vm.fault("NFS server killed", nfs::kill, nfs::start);
            vm.finish(image, () -> {});
        }
        pair.dr().undeploy(plugIn);
    }

    @Test
    @Order(3)
    void imageInACephPool() throws IOException, InterruptedException, StorageException {
        try (CephCluster ceph = new CephCluster(folder.resolve("ceph")).start()) {
            ceph.create("disk", Standby.DISK_BYTES);
            Path plugIn = deploy("dsware");
            configure(
                    "org.openvrg.storage.dsware-test",
                    Map.of(
                            "management-addresses",
                            "127.0.0.1",
                            "monitors",
                            ceph.monitor(),
                            "pools",
                            "1=" + CephCluster.POOL,
                            "user",
                            CephCluster.USER,
                            "key-file",
                            ceph.keyFile()));
            Map<String, String> place = Map.of("dsMgntIp", "127.0.0.1", "dsResourceId", "1");
            try (Standby vm = new Standby(pair, "DSWARE", "disk", place).begin()) {
                vm.redeploy(plugIn);
                vm.fault("OSD killed", ceph::killOsd, ceph::startOsd);
                Path raw = folder.resolve("rbd.raw");
                vm.finish(raw, () -> ceph.export("disk", raw));
            }
            pair.dr().undeploy(plugIn);
        }
    }

    @Test
    @Order(4)
    void localImageOfAnotherFormat() throws IOException, InterruptedException, StorageException {
        Path image = pair.dr().home().resolve("datastore/disk.qcow2");
        try (Standby vm = new Standby(pair, "LOCALPOME", "disk.qcow2", Map.of()).begin()) {
            for (int kills = 0; kills < 3; kills++) {
                ProcessHandle daemon = daemonOf(image).orElseThrow();
                daemon.destroyForcibly();
                Await.until(SOON, () -> "a new storage daemon: " + pair.describe(vm.vm()), () -> daemonOf(image)
                        .filter(now -> now.pid() != daemon.pid())
                        .isPresent());
                vm.load().awaitMore(60);
            }
            Path raw = folder.resolve("qcow2.raw");
            vm.finish(raw, () -> Standby.convert("qcow2", image, raw));
        }
        assertTrue(daemonOf(image).isEmpty(), "it ends with its volume");
    }

    @Test
    @Order(5)
    void hypervisors() throws IOException, InterruptedException {
        configure(
                "org.openvrg.platform.kvm-test",
                Map.of("folder", Files.createDirectory(folder.resolve("monitors")), "state", "${karaf.data}/kvm-test"));
        for (String kind : List.of("kvm", "xen")) {
            String bundle = "org.openvrg.platform." + kind;
            Path jar = Path.of(System.getProperty("vrg.bundles"), "../platform-" + kind, "target")
                    .resolve(bundle + "-" + System.getProperty("vrg.version") + ".jar");
            pair.dr().deploy(jar);
            awaitLog("Platform " + kind + " is deployed");
            long writes = load.writes();
            load.awaitMore(30);
            pair.dr().undeploy(jar);
            awaitLog("Platform " + kind + " is removed");
            load.awaitMore(30);
            LOG.log(Level.INFO, kind + ": came and went, the other VM wrote " + (load.writes() - writes) + " times");
        }
    }

    private static void awaitLog(String text) {
        Await.until(SOON, () -> "\"" + text + "\" in the log: " + pair.dr().tail(), () -> witness.log()
                .contains(text));
    }

    /** Nothing of all this was noticed by the other VM, and no bundle but the plug-ins was touched. */
    @Test
    @Order(6)
    void noneOfItWasNoticedElsewhere() throws IOException, InterruptedException {
        load.stop();
        pair.awaitDrained(loadedVm);
        pair.assertDisksEqual(loadedVolume);
        witness.assertOnlyTouched(Set.of(
                "org.openvrg.platform.kvm",
                "org.openvrg.platform.xen",
                "org.openvrg.storage.dsware",
                "org.openvrg.storage.lunpome",
                "org.openvrg.storage.nas"));
    }

    /** No daemon outlives an appliance that is killed, and what it held back is written again. */
    @Test
    @Order(7)
    void daemonsEndWithAKilledAppliance() throws IOException, InterruptedException, StorageException {
        Path image = pair.dr().home().resolve("datastore/killed.qcow2");
        try (Standby vm = new Standby(pair, "LOCALPOME", "killed.qcow2", Map.of()).begin()) {
            ProcessHandle daemon = daemonOf(image).orElseThrow();
            pair.dr().kill();
            Await.until(SOON, () -> "the end of daemon " + daemon.pid(), () -> !daemon.isAlive());
            vm.load().awaitMore(60);
            pair.dr().start();
            vm.load().awaitMore(60);
            Path raw = folder.resolve("killed.raw");
            vm.finish(raw, () -> Standby.convert("qcow2", image, raw));
        }
    }

    private static Optional<ProcessHandle> daemonOf(Path image) {
        return ProcessHandle.of(pair.dr().pid())
                .orElseThrow()
                .children()
                .filter(ProcessHandle::isAlive)
                .filter(child -> child.info().command().orElse("").endsWith("qemu-storage-daemon"))
                .filter(child -> String.join(" ", child.info().arguments().orElse(new String[0]))
                        .contains(String.valueOf(image.getFileName())))
                .findFirst();
    }

    private static Path deploy(String kind) throws IOException {
        String bundle = "org.openvrg.storage." + kind;
        Path jar = Path.of(System.getProperty("vrg.bundles"), bundle, "target")
                .resolve(bundle + "-" + System.getProperty("vrg.version") + ".jar");
        pair.dr().deploy(jar);
        return jar;
    }

    private static void configure(String pid, Map<String, Object> values) throws IOException {
        pair.dr().configureNow(pid, values);
    }

    private static Path secret(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text + "\n");
    }

    private static Path image(Path file) throws IOException {
        try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
            made.setLength(Standby.DISK_BYTES);
        }
        return file;
    }
}
