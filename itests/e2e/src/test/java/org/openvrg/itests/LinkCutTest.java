package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openvrg.api.failure.StorageException;

/** A link that is cut under load: the client notices nothing, and both sides converge by themselves. */
class LinkCutTest {
    private static final long MIB = 1 << 20;
    private static final Duration CUT = Duration.ofSeconds(10);
    private static final Duration FIO = Duration.ofSeconds(18);

    private final Chance chance = new Chance("LinkCutTest");

    @Test
    void queuesThroughACutOfTenSeconds(@TempDir Path folder) throws IOException, InterruptedException {
        try (Pair pair = new Pair("link-cut").patient().start()) {
            String diskA = pair.newDisk(64 * MIB);
            String diskB = pair.newDisk(64 * MIB);
            String vm = pair.protect(true, true, diskA, diskB);
            pair.awaitInStep(vm);
            pair.awaitExport(diskA);
            pair.awaitExport(diskB);

            List<Path> outputs = List.of(folder.resolve("a.log"), folder.resolve("b.log"));
            List<Process> writers = List.of(fio(pair, diskA, outputs.get(0)), fio(pair, diskB, outputs.get(1)));
            try {
                Await.until(Duration.ofSeconds(20), () -> "load: " + pair.describe(vm), () -> {
                    JsonNode progress = Pair.report(pair.dr(), vm).path("progress");
                    return progress.path("receivedBytes").asLong()
                                    + progress.path("capturedBytes").asLong()
                            > 4 * MIB;
                });
                pair.cutLink();
                awaitNoticed(pair, vm);
                long end = System.nanoTime() + CUT.toNanos();
                Await.until(CUT.multipliedBy(3), () -> "ten seconds", () -> {
                    assertEquals(1, state(pair.production(), vm), () -> pair.describe(vm));
                    return System.nanoTime() > end;
                });
                for (Process writer : writers) {
                    assertTrue(writer.isAlive(), "the load has to outlast the cut");
                }
                JsonNode queued = Pair.report(pair.production(), vm).path("progress");
                Chance.tell(
                        "queued after 10 s: %d records, journal %d MiB",
                        queued.path("lastSequence").asLong()
                                - queued.path("durableSequence").asLong(),
                        queued.path("journalUsedBytes").asLong() / MIB);
                pair.restoreLink();
                for (int i = 0; i < writers.size(); i++) {
                    assertTrue(writers.get(i).waitFor(60, TimeUnit.SECONDS), "fio did not end");
                    assertEquals(0, writers.get(i).exitValue(), Files.readString(outputs.get(i)));
                }
            } finally {
                writers.forEach(Process::destroyForcibly);
            }
            assertEquals(1, state(pair.production(), vm), () -> pair.describe(vm));
            pair.awaitDrained(vm);
            pair.assertDisksEqual(diskA);
            pair.assertDisksEqual(diskB);
        }
    }

    @Test
    void sendsOnlyChangedBlocksWhenTheJournalWasTooSmall() throws IOException, InterruptedException, StorageException {
        long journal = 64 * MIB;
        long region = 8 * MIB;
        long disk = 512 * MIB;
        try (Pair pair = new Pair("link-cut-cbt").patient()) {
            Pair.replication(pair.production(), "journal.limit-bytes", journal);
            pair.start();
            String volume = UUID.randomUUID().toString();
            Path image = pair.production().home().resolve("image.raw");
            fill(image, disk, chance.number());
            Files.move(image, pair.productionDisk(volume)); // as a whole, since the gateway watches that folder
            Files.copy(pair.productionDisk(volume), pair.standbyDisk(volume));
            String vm = pair.protect(true, true, volume);
            pair.awaitInStep(vm);
            pair.awaitExport(volume);

            try (Load load = new Load(pair, chance.number(), region, 16 * MIB, volume).start()) {
                load.awaitMore(100);
                pair.cutLink();
                long end = System.nanoTime() + CUT.toNanos();
                Await.until(Duration.ofSeconds(60), () -> "state 2: " + pair.describe(vm), () -> {
                    load.assertUnbroken();
                    return state(pair.production(), vm) == 2 && System.nanoTime() > end;
                });
                long wireBefore = pair.linkToDr().forwardBytes();
                long writesBefore = load.writes();
                pair.restoreLink();
                Await.until(Pair.IN_STEP, () -> "state 1 by itself: " + pair.describe(vm), () -> {
                    load.assertUnbroken();
                    return state(pair.production(), vm) == 1;
                });
                load.stop();
                pair.awaitDrained(vm);
                long wire = pair.linkToDr().forwardBytes() - wireBefore;
                long written = (load.writes() - writesBefore) * Load.BLOCK_BYTES;
                JsonNode progress = Pair.report(pair.production(), vm).path("progress");
                Chance.tell(
                        "after the cut %d MiB travelled, of them %d MiB by resync; %d MiB were written meanwhile; %s",
                        wire / MIB,
                        progress.path("resyncSentBytes").asLong() / MIB,
                        written / MIB,
                        "slowest write " + load.slowestMillis() + " ms");
                long bound = journal + written + 2 * region + 4 * MIB;
                assertTrue(wire < bound, () -> wire + " bytes travelled, more than " + bound);
                assertTrue(
                        progress.path("resyncSentBytes").asLong() <= 2 * region,
                        () -> "resync sent " + pair.describe(vm));
            }
            pair.assertDisksEqual(volume);
        }
    }

    private static int state(Appliance appliance, String vm) throws IOException, InterruptedException {
        return Pair.report(appliance, vm).path("state").asInt();
    }

    private static void awaitNoticed(Pair pair, String vm) {
        Await.until(
                Duration.ofSeconds(10),
                () -> "both notice the cut: " + pair.describe(vm),
                () -> Pair.linkStatus(pair.production()) == 5 && Pair.linkStatus(pair.dr()) == 5);
    }

    private static Process fio(Pair pair, String volume, Path output) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                "fio",
                "--name=" + volume,
                "--ioengine=nbd",
                "--uri=" + pair.uri(volume),
                "--rw=randwrite",
                "--bssplit=4k/60:16k/30:128k/10",
                "--refill_buffers",
                "--buffer_compress_percentage=50",
                "--fsync=64",
                "--iodepth=8",
                "--rate=4m",
                "--time_based",
                "--runtime=" + FIO.toSeconds(),
                "--group_reporting"));
        // two connections, each with half of the disk
        command.addAll(List.of("--size=32m", "--numjobs=2", "--offset_increment=32m"));
        return Tools.start(output, command);
    }

    private static void fill(Path file, long bytes, long seed) throws IOException {
        Random random = new Random(seed);
        byte[] part = new byte[(int) MIB];
        try (var out = Files.newOutputStream(file)) {
            for (long done = 0; done < bytes; done += part.length) {
                random.nextBytes(part);
                out.write(part);
            }
        }
    }
}
