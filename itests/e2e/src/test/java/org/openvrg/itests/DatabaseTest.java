package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A PostgreSQL whose disk is a protected volume loses its site at a random moment under load. What comes up at the DR
 * side has to have every transaction up to what the DR gateway reported, and has to be sound.
 */
class DatabaseTest {
    private static final int ROUNDS = 4;
    private static final long DISK_BYTES = 224L << 20;
    private static final int SAMPLES = 10_000;
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final Chance chance = new Chance("DatabaseTest");
    private Pair pair;
    private Path folder;
    private Path template;

    /**
     * A look at production.
     *
     * @param committed entries of the clients' log before the look
     * @param lastSequence newest record, so that all of them are covered by it
     */
    private record Sample(int committed, long lastSequence) {}

    /** What the clients know when the site is lost. */
    private record Lost(Ledger ledger, Deque<Sample> samples) {}

    @BeforeEach
    void makeDatabase() throws IOException, InterruptedException {
        LoopMount.require("ext4");
        folder = Files.createTempDirectory("vrg-db"); // a socket needs a short path
        open(folder);
        template = folder.resolve("template");
        FileSystem.EXT4.make(template, DISK_BYTES);
        try (LoopMount mount = mount(template, "template-mount");
                Postgres database = database(mount, "template-socket")) {
            own(mount.folder());
            database.create();
            database.start();
            database.run("pgbench", "-i", "-q", "-s", "1", Postgres.USER);
            database.sql("create extension amcheck");
            Ledger.create(database);
            database.stop();
            mount.unmount();
        }
        pair = new Pair("database").patient().start();
    }

    @AfterEach
    void stop() throws IOException {
        if (pair != null) {
            pair.close();
        }
        JournalCopy.delete(folder);
    }

    private LoopMount mount(Path image, String name) throws IOException, InterruptedException {
        return FileSystem.EXT4.mount(image, folder.resolve(name));
    }

    private Postgres database(LoopMount mount, String socket) throws IOException, InterruptedException {
        Path sockets = Files.createDirectory(folder.resolve(socket));
        own(sockets);
        return new Postgres(mount.folder().resolve("data"), sockets);
    }

    private static void open(Path path) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx--x--x"));
    }

    private static void own(Path path) throws IOException, InterruptedException {
        Tools.succeed(LIMIT, List.of("chown", Postgres.USER, path.toString()));
    }

    @Test
    void recoversWithAllThatWasReported() throws IOException, InterruptedException {
        int rounds = Chance.rounds(ROUNDS);
        for (int round = 1; round <= rounds; round++) {
            String context = chance + ", round " + round;
            String volume = protectedCopy();
            String vm = pair.protect(true, true, volume);
            pair.awaitInStep(vm);
            pair.awaitExport(volume);
            Path image = folder.resolve("copy-" + round);
            Lost lost = loseTheSite(vm, volume, round);
            int covered = failOver(lost, vm, volume, image, context);
            if (round < rounds) {
                pair.production().launch(); // comes up while the copy is judged
            }
            int rows = judge(image, lost.ledger(), covered, round, context);
            Chance.tell(
                    "%s: %d commits answered, %d of them before the reported checkpoint, %d rows recovered",
                    context, lost.ledger().size(), covered, rows);
            Files.delete(image);
            if (round < rounds) {
                pair.production().awaitReady();
                pair.awaitPaired();
                Pair.remove(pair.production(), vm, true);
            }
        }
    }

    /** Puts a copy of the template on both sides, so that the consistency check has little to send. */
    private String protectedCopy() throws IOException, InterruptedException {
        String volume = UUID.randomUUID().toString();
        Path image = pair.production().home().resolve(volume);
        FileSystem.copy(template, image);
        Files.move(image, pair.productionDisk(volume)); // as a whole, since the gateway watches that folder
        FileSystem.copy(template, pair.standbyDisk(volume));
        return volume;
    }

    /** Runs the database over the export, and kills gateway, client and database at a random moment. */
    private Lost loseTheSite(String vm, String volume, int round) throws IOException, InterruptedException {
        try (ExportFile export = new ExportFile(pair, volume, folder.resolve("export-" + round), Optional.empty());
                LoopMount mount = mount(export.file(), "production-" + round);
                Postgres database = database(mount, "production-socket-" + round)) {
            database.start();
            try (Ledger ledger = new Ledger(database)) {
                Process load = Tools.start(
                        folder.resolve("pgbench-" + round),
                        database.client("pgbench", "-n", "-c", "3", "-T", "3600", Postgres.USER));
                try {
                    ledger.awaitMore(20);
                    Deque<Sample> samples = look(vm, ledger);
                    assertTrue(load.isAlive(), () -> "pgbench ended: " + database.said());
                    pair.production().kill();
                    export.kill();
                    database.kill();
                    ledger.awaitBroken();
                    return new Lost(ledger, samples);
                } finally {
                    load.destroyForcibly().onExit().join();
                }
            }
        }
    }

    private Deque<Sample> look(String vm, Ledger ledger) throws IOException, InterruptedException {
        Deque<Sample> samples = new ArrayDeque<>();
        long end = System.nanoTime()
                + chance.between(Duration.ofMillis(200), Duration.ofSeconds(6)).toNanos();
        do {
            int committed = ledger.size();
            JsonNode progress = Pair.report(pair.production(), vm).path("progress");
            samples.addFirst(new Sample(committed, progress.path("lastSequence").asLong()));
            assertTrue(samples.size() < SAMPLES, "too many looks");
        } while (System.nanoTime() - end < 0);
        return samples;
    }

    /** Returns how many entries of the log the DR gateway has reported as safe before it was told to fail over. */
    private int failOver(Lost lost, String vm, String volume, Path image, String context)
            throws IOException, InterruptedException {
        JsonNode report = Pair.report(pair.dr(), vm);
        long reported = report.path("progress").path("durableSequence").asLong();
        int covered = lost.samples().stream()
                .filter(sample -> sample.lastSequence() <= reported)
                .mapToInt(Sample::committed)
                .max()
                .orElse(0);
        assertTrue(covered > 0, () -> context + ": nothing was safe: " + report);
        assertEquals(
                1,
                Pair.remove(pair.dr(), vm, false),
                () -> context + "\n" + pair.dr().tail());
        FileSystem.copy(pair.standbyDisk(volume), image);
        return covered;
    }

    /** Starts the database on the copy and lets every judge look at it; returns the rows of the ledger. */
    private int judge(Path image, Ledger ledger, int covered, int round, String context)
            throws IOException, InterruptedException {
        int rows;
        try (LoopMount mount = mount(image, "dr-" + round);
                Postgres database = database(mount, "dr-socket-" + round)) {
            // names a process of the host that was lost, and a process of this machine may have that number
            Files.deleteIfExists(mount.folder().resolve("data/postmaster.pid"));
            database.start();
            rows = ledger.judge(database, covered, context);
            assertEquals(
                    "t",
                    database.sql("select (select sum(abalance) from pgbench_accounts) = all (array["
                                    + "(select sum(tbalance) from pgbench_tellers),"
                                    + "(select sum(bbalance) from pgbench_branches),"
                                    + "(select coalesce(sum(delta), 0) from pgbench_history)])")
                            .strip(),
                    context + ": the books of pgbench have to balance");
            database.run("pg_amcheck", "--heapallindexed", "--parent-check", "-d", Postgres.USER);
            database.stop();
            database.assertChecksums();
            mount.unmount();
        }
        FileSystem.EXT4.judge(image, context);
        return rows;
    }
}
