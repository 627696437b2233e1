package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.model.VolumeKey;

/**
 * A crash after every single record: a VM with an ext4 and an XFS disk is written through its exports while QEMU
 * records what passes. The DR journal, rebuilt record by record, has to give QEMU's record byte for byte, and file
 * systems that a guest could boot from; so has the DR gateway itself, from a journal that ends inside a record.
 */
class CrashPrefixTest {
    private static final long SEGMENT_BYTES = 1 << 20;
    private static final int THREADS = 2;
    private static final int OPERATIONS = 120;
    private static final int GATEWAY_CRASHES = 2;
    /** One state of so many is mounted and checked, beside those before a flush: every one. */
    private static final int CHECK_EVERY = 1;

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final List<String> DR_STATE =
            List.of("data/replication", "data/writeagent", "data/control", "datastore");

    private final Chance chance = new Chance("CrashPrefixTest");
    private final Map<FileSystem, String> volumes = new EnumMap<>(FileSystem.class);
    private Pair pair;
    private Path folder;
    private Path fast;
    private String vm;

    @BeforeEach
    void protectBothDisks() throws IOException, InterruptedException {
        LoopMount.require("ext4", "xfs");
        pair = new Pair("crash-prefix").patient();
        Pair.replication(pair.dr(), "journal.segment-bytes", SEGMENT_BYTES);
        pair.start();
        folder = Files.createDirectories(pair.production().home().resolveSibling("oracle"));
        Path memory = Path.of("/dev/shm");
        fast = Files.createTempDirectory(Files.isWritable(memory) ? memory : folder, "vrg-prefix");
        for (FileSystem kind : FileSystem.values()) {
            String volume = UUID.randomUUID().toString();
            Path image = folder.resolve(volume);
            kind.make(image);
            Files.move(image, pair.productionDisk(volume)); // as a whole, since the gateway watches that folder
            volumes.put(kind, volume);
        }
        vm = pair.protect(true, true, volumes.values().toArray(String[]::new));
        pair.awaitDrained(vm);
        for (FileSystem kind : FileSystem.values()) {
            pair.awaitExport(volumes.get(kind));
            FileSystem.copy(pair.productionDisk(volumes.get(kind)), rebuilt(kind));
            FileSystem.copy(rebuilt(kind), oracle(kind));
        }
    }

    @AfterEach
    void stop() throws IOException {
        pair.close();
        JournalCopy.delete(fast);
    }

    private Path rebuilt(FileSystem kind) {
        return fast.resolve(kind + "-rebuilt");
    }

    private Path oracle(FileSystem kind) {
        return fast.resolve(kind + "-oracle");
    }

    private Path log(FileSystem kind) {
        return folder.resolve(kind + ".log");
    }

    @Test
    void everyPrefixIsAConsistentDisk() throws IOException, InterruptedException, JournalException, ExecutionException {
        long before = progress().path("lastSequence").asLong();
        pair.agent().cut(); // so that the DR journal keeps all of it
        long begin = System.nanoTime();
        work();
        Chance.tell(
                "%s: worked for %d ms",
                chance, Duration.ofNanos(System.nanoTime() - begin).toMillis());
        Await.until(LIMIT, () -> "durable at DR: " + pair.describe(vm), () -> {
            JsonNode now = progress();
            return now.path("lastSequence").asLong()
                    == now.path("durableSequence").asLong();
        });
        assertEquals(1, Pair.report(pair.production(), vm).path("state").asInt(), () -> pair.describe(vm));
        pair.dr().kill();
        pair.cutLink();
        pair.agent().restore();
        Path snapshot = Files.createDirectories(folder.resolve("snapshot"));
        copyState(pair.dr().home(), snapshot);

        for (PrefixWalk.Crash crash : walk(before)) {
            crashTheGateway(snapshot, crash);
        }
        restore(snapshot);
        pair.restoreLink();
        pair.dr().start();
        pair.awaitDrained(vm);
        for (FileSystem kind : FileSystem.values()) {
            pair.assertDisksEqual(volumes.get(kind));
            assertSame(pair.standbyDisk(volumes.get(kind)), oracle(kind), chance + ", at the end");
        }
    }

    private JsonNode progress() throws IOException, InterruptedException {
        return Pair.report(pair.production(), vm).path("progress");
    }

    /** Mounts the disks through their exports, and works on both at once. */
    private void work() throws IOException, InterruptedException, ExecutionException {
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        try {
            List<ExportFile> files = new ArrayList<>();
            List<LoopMount> mounts = new ArrayList<>();
            List<Callable<Void>> all = new ArrayList<>();
            for (FileSystem kind : FileSystem.values()) {
                ExportFile file = new ExportFile(
                        pair, volumes.get(kind), folder.resolve(kind + "-export"), Optional.of(log(kind)));
                opened.push(file);
                files.add(file);
                LoopMount mount = kind.mount(file.file(), folder.resolve(kind + "-mount"));
                opened.push(mount);
                mounts.add(mount);
                all.addAll(FileWorkload.of(mount.folder(), chance.number(), THREADS, Chance.rounds(OPERATIONS)));
            }
            ExecutorService pool = Executors.newFixedThreadPool(all.size());
            try {
                for (Future<Void> end : pool.invokeAll(all)) {
                    end.get();
                }
            } finally {
                pool.shutdown();
            }
            for (LoopMount mount : mounts) {
                mount.unmount();
            }
            for (ExportFile file : files) {
                file.stop();
            }
        } finally {
            while (!opened.isEmpty()) {
                close(opened.pop());
            }
        }
    }

    private static void close(AutoCloseable one) {
        try {
            one.close();
        } catch (Exception e) {
            throw new IllegalStateException("can't be cleaned up", e);
        }
    }

    private List<PrefixWalk.Crash> walk(long before)
            throws IOException, InterruptedException, JournalException, ExecutionException {
        Map<VolumeKey, PrefixWalk.Disk> disks = new HashMap<>();
        for (FileSystem kind : FileSystem.values()) {
            PrefixImage image = new PrefixImage(new WriteLog(log(kind)), rebuilt(kind), oracle(kind));
            disks.put(new VolumeId(volumes.get(kind)).key(), new PrefixWalk.Disk(kind, image));
        }
        Path journal = fast.resolve("journal");
        Tools.succeed(
                LIMIT,
                List.of(
                        "cp",
                        "-a",
                        JournalCopy.find(pair.dr().home().resolve("data/replication"))
                                .toString(),
                        journal.toString()));
        try (PrefixWalk walk = new PrefixWalk(chance.number(), Chance.wholeRun(), fast, disks)) {
            long begin = System.nanoTime();
            List<PrefixWalk.Crash> crashes =
                    walk.over(journal, before, CHECK_EVERY, Chance.rounds(GATEWAY_CRASHES), folder);
            long millis = Duration.ofNanos(System.nanoTime() - begin).toMillis();
            Chance.tell("%s: in %d ms %s", chance, millis, walk.figures());
            return crashes;
        }
    }

    /** The DR gateway starts on a journal that ends inside a record, is told to fail over, and has the prefix. */
    private void crashTheGateway(Path snapshot, PrefixWalk.Crash crash) throws IOException, InterruptedException {
        String context = chance + ", the gateway on a journal cut behind record " + crash.sequence();
        restore(snapshot);
        new JournalCopy(JournalCopy.find(pair.dr().home().resolve("data/replication")))
                .cut(crash.place(), crash.cutAt());
        pair.dr().start();
        Await.until(LIMIT, () -> "the agent\n" + pair.dr().tail(), () -> Pair.report(pair.dr(), vm)
                .path("connected")
                .asBoolean());
        assertEquals(
                crash.sequence(),
                Pair.report(pair.dr(), vm).path("progress").path("lastSequence").asLong(),
                context);
        assertEquals(1, Pair.remove(pair.dr(), vm, false), context);
        for (FileSystem kind : FileSystem.values()) {
            assertSame(pair.standbyDisk(volumes.get(kind)), crash.images().get(kind), context);
            Files.delete(crash.images().get(kind));
        }
        pair.dr().kill();
        Chance.tell("%s: the failed-over disks equal QEMU's record", context);
    }

    private static void assertSame(Path disk, Path expected, String context) throws IOException {
        long at = Files.mismatch(disk, expected);
        assertEquals(-1, at, () -> context + ": " + disk.getFileName() + " differs from " + expected.getFileName());
    }

    private void restore(Path snapshot) throws IOException, InterruptedException {
        for (String state : DR_STATE) {
            JournalCopy.delete(pair.dr().home().resolve(state));
        }
        copyState(snapshot, pair.dr().home());
    }

    private static void copyState(Path from, Path to) throws IOException, InterruptedException {
        for (String state : DR_STATE) {
            Path target = to.resolve(state);
            Files.createDirectories(target.getParent());
            Tools.succeed(
                    LIMIT,
                    List.of("cp", "-a", "--sparse=always", from.resolve(state).toString(), target.toString()));
        }
    }
}
