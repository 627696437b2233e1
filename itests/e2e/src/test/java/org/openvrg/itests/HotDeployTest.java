package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A further kind of storage comes and goes while another VM replicates under load, and that VM does not notice. */
class HotDeployTest {
    private static final System.Logger LOG = System.getLogger(HotDeployTest.class.getName());
    private static final Duration TOOL = Duration.ofMinutes(1);
    /** Far longer than it takes, which is told in the log: machines are slow at times. */
    private static final Duration SOON = Duration.ofSeconds(30);

    private static final long DISK_BYTES = 32L << 20;
    private static final int NORMAL = 1;
    private static final int TYPE_WRONG = 3;

    private static Pair pair;

    /** How often connections were made, and how many are open, on all three paths. */
    private record Connections(long linkToDr, long linkToProduction, long agent, int open) {
        static Connections now() {
            return new Connections(
                    pair.linkToDr().connections(),
                    pair.linkToProduction().connections(),
                    pair.agent().connections(),
                    pair.linkToDr().openConnections()
                            + pair.linkToProduction().openConnections()
                            + pair.agent().openConnections());
        }
    }

    @BeforeAll
    static void startBoth() throws IOException, InterruptedException {
        pair = new Pair("hot-deploy").patient().start();
    }

    @AfterAll
    static void stopBoth() throws IOException {
        pair.close();
    }

    @Test
    void takesAStorageProviderUpAndLetsItGoUnderLoad(@TempDir Path folder) throws IOException, InterruptedException {
        Path sample = Path.of(System.getProperty("vrg.sample"));
        String loadedVolume = pair.newDisk(DISK_BYTES);
        String loadedVm = pair.protect(true, true, loadedVolume);
        pair.awaitInStep(loadedVm);
        pair.awaitExport(loadedVolume);
        Process load = load(folder, loadedVolume);
        try {
            long appliedBefore = awaitProgress(loadedVm, 0);
            Connections before = Connections.now();

            String volume = pair.newDisk(DISK_BYTES);
            Path standby = sampleDisk(folder, volume);
            String vm = UUID.randomUUID().toString();
            Map<String, String> extParams = Map.of("folder", folder.toString());
            pair.protectStandby(vm, "SAMPLE", extParams, volume);
            pair.protectProduction(vm, true, true, volume);
            awaitStatus(vm, TYPE_WRONG);

            pair.dr().deploy(sample);
            LOG.log(Level.INFO, "volStatus 1 after " + awaitStatus(vm, NORMAL) + " ms");
            writePattern(volume, "0x5a");
            pair.awaitDrained(vm);
            assertEqual(volume, standby);

            pair.dr().undeploy(sample);
            LOG.log(Level.INFO, "volStatus 3 after " + awaitStatus(vm, TYPE_WRONG) + " ms");
            writePattern(volume, "0xa5");

            pair.dr().deploy(sample);
            awaitStatus(vm, NORMAL);
            pair.awaitDrained(vm);
            assertEqual(volume, standby);

            awaitProgress(loadedVm, appliedBefore);
            assertEquals(before, Connections.now(), () -> "a connection was lost\n" + pair.describe(loadedVm));
        } finally {
            stop(folder, load);
        }
        pair.awaitDrained(loadedVm);
        pair.assertDisksEqual(loadedVolume);
    }

    /** Random writes without an end, at a pace that every machine can follow. */
    private static Process load(Path folder, String volume) throws IOException {
        return Tools.start(
                folder.resolve("fio.log"),
                List.of(
                        "fio",
                        "--name=load",
                        "--ioengine=nbd",
                        "--uri=" + pair.uri(volume),
                        "--rw=randwrite",
                        "--bs=16k",
                        "--iodepth=4",
                        "--rate=4m",
                        "--randrepeat=0",
                        "--size=" + DISK_BYTES,
                        "--time_based",
                        "--runtime=" + Duration.ofHours(1).toSeconds()));
    }

    /** Ends the load; that it had to be ended and had no error tells that no write of it failed. */
    private static void stop(Path folder, Process load) throws IOException, InterruptedException {
        boolean lived = load.isAlive();
        load.destroy();
        assertTrue(load.waitFor(TOOL.toSeconds(), TimeUnit.SECONDS), "fio did not stop");
        String output = Files.readString(folder.resolve("fio.log"));
        assertTrue(lived, output);
        assertTrue(output.contains("err= 0"), output);
    }

    /** Waits until more was applied than so much, in state 1 on both sides; returns how much it is. */
    private static long awaitProgress(String vm, long than) throws IOException, InterruptedException {
        Await.until(Duration.ofSeconds(30), () -> "progress: " + pair.describe(vm), () -> {
            JsonNode there = Pair.report(pair.dr(), vm);
            return there.path("state").asInt() == 1
                    && Pair.report(pair.production(), vm).path("state").asInt() == 1
                    && there.path("progress").path("appliedSequence").asLong() > than;
        });
        return Pair.report(pair.dr(), vm).path("progress").path("lastSequence").asLong();
    }

    /** Waits for a status of the VM's only volume in the contract's query; returns the milliseconds it took. */
    private static long awaitStatus(String vm, int status) {
        long start = System.nanoTime();
        Await.until(
                SOON,
                () -> "volStatus " + status + ": " + pair.describe(vm),
                () -> pair.dr()
                                .rest()
                                .get("/vmstrategy?vmUuid=" + vm)
                                .at("/vmList/0/volList/0/volStatus")
                                .asInt()
                        == status);
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    /** An empty standby image in a folder of the sample provider's own. */
    private static Path sampleDisk(Path folder, String volume) throws IOException {
        Path file = folder.resolve(volume + ".raw");
        try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
            image.setLength(DISK_BYTES);
        }
        return file;
    }

    private static void writePattern(String volume, String pattern) throws IOException, InterruptedException {
        pair.awaitExport(volume);
        Tools.succeed(
                TOOL,
                List.of(
                        "qemu-io",
                        "-f",
                        "raw",
                        "-c",
                        "write -P " + pattern + " 1M 3M",
                        "-c",
                        "flush",
                        pair.uri(volume)));
    }

    private static void assertEqual(String volume, Path standby) throws IOException {
        assertEquals(-1, Files.mismatch(pair.productionDisk(volume), standby));
    }
}
