package org.openvrg.itests.faults;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Await;
import org.openvrg.itests.Chance;
import org.openvrg.itests.Load;
import org.openvrg.itests.Pair;

/**
 * Whatever becomes of production's journal, a write of the guest is answered within a bound, the VM goes to changed-block
 * tracking with an alarm, and back to its queue by itself.
 */
class BoundedAnswerTest {
    private static final int MAX_LATENCY_MILLIS = 100;
    /** Generous, as the machine may be loaded: it proves that there is a bound at all. */
    private static final long BOUND_MILLIS = 20L * MAX_LATENCY_MILLIS;

    /** A flush may wait for the journal for twenty times the bound of a write; generous again. */
    private static final long FLUSH_BOUND_MILLIS = 2 * BOUND_MILLIS;

    private static final Duration FAULT = Duration.ofSeconds(5);
    private static final Duration NOTICED = Duration.ofSeconds(60);
    private static final long JOURNAL_DISK_BYTES = 192 * Protected.MIB;
    private static final GuestView VIEW = new GuestView("guest view of the journal's disk");
    private static final FaultyFile[] DEVICE = new FaultyFile[1];

    private static Pair pair;
    private static FaultyDisk disk;
    private static Protected vm;
    private static Flushes flushes;

    @BeforeAll
    static void protectAVm() throws IOException, InterruptedException, StorageException {
        Chance chance = new Chance("BoundedAnswerTest");
        pair = new Pair("bounded-answer");
        Pair.replication(pair.production(), "ingest.max-latency", MAX_LATENCY_MILLIS);
        Pair.replication(pair.production(), "journal.limit-bytes", 64 * Protected.MIB);
        Pair.replication(pair.production(), "journal.segment-bytes", 8 * Protected.MIB);
        Path home = pair.production().home();
        disk = FaultyDisk.on(
                home.resolve("data/replication"), home.resolve("journal-disk.img"), JOURNAL_DISK_BYTES, DEVICE);
        pair.start();
        vm = new Protected(pair, chance.number());
        flushes = new Flushes(pair, vm.disks()[0]);
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        VIEW.tell();
        if (flushes != null) {
            flushes.close();
        }
        if (vm != null) {
            vm.close();
        }
        pair.close();
        disk.close();
    }

    @BeforeEach
    void startInStep() throws StorageException {
        vm.load().start();
        vm.load().awaitMore(20);
        pair.awaitInStep(vm.vm());
    }

    @AfterEach
    void stopLoad() {
        vm.load().close();
    }

    @Test
    void journalDeviceStalls() throws IOException, InterruptedException, StorageException {
        under("device of the journal does not answer", DEVICE[0]::stall, DEVICE[0]::proceed);
    }

    @Test
    void fileSystemOfTheJournalStandsStill() throws IOException, InterruptedException, StorageException {
        under("file system of the journal stands still", disk::freeze, disk::thaw);
    }

    @Test
    void noRoomOnTheDiskOfTheJournal() throws IOException, InterruptedException, StorageException {
        under(
                "disk of the journal is full",
                () -> {
                    pair.cutLink();
                    disk.fill();
                },
                () -> {
                    disk.free();
                    pair.restoreLink();
                });
    }

    @Test
    void deviceOfTheJournalFails() throws IOException, InterruptedException, StorageException {
        under("device of the journal gives EIO", DEVICE[0]::fail, DEVICE[0]::heal);
    }

    @Test
    void journalIsFull() throws IOException, InterruptedException, StorageException {
        under("link cut until the journal is full", pair::cutLink, pair::restoreLink);
    }

    /** Breaks something until the VM has fallen to CBT, and for some time more. */
    private static void under(String fault, Protected.Step breaks, Protected.Step heals)
            throws IOException, InterruptedException, StorageException {
        Load load = vm.load();
        load.takeSlowestMillis();
        flushes.takeLongestMillis();
        long writesBefore = load.writes();
        long resyncBefore = vm.resyncBytes();
        long flush;
        breaks.run();
        try {
            long end = System.nanoTime() + FAULT.toNanos();
            Await.until(NOTICED, () -> fault + ": state 2 and an alarm\n" + pair.describe(vm.vm()), () -> {
                load.assertUnbroken();
                assertTrue(vm.state() != 3, () -> fault + "\n" + pair.describe(vm.vm()));
                return vm.state() == 2 && alarmRaised() && System.nanoTime() - end > 0;
            });
            load.awaitMore(20);
        } finally {
            flush = flushes.takeLongestMillis();
            heals.run();
        }
        long healed = System.nanoTime();
        long writes = load.writes() - writesBefore;
        Await.until(Pair.IN_STEP, () -> fault + ": state 1\n" + pair.describe(vm.vm()), () -> {
            load.assertUnbroken();
            assertTrue(vm.state() != 3, () -> fault + "\n" + pair.describe(vm.vm()));
            return vm.state() == 1;
        });
        vm.equal(fault);
        long longest = load.takeSlowestMillis();
        VIEW.note(
                fault + " (longest flush " + flush + " ms)",
                writes,
                longest,
                2,
                Math.max(0, vm.resyncBytes() - resyncBefore),
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - healed));
        assertTrue(longest < BOUND_MILLIS, () -> fault + ": a write took " + longest + " ms");
        assertTrue(flush < FLUSH_BOUND_MILLIS, () -> fault + ": a flush took " + flush + " ms");
        Await.until(NOTICED, () -> fault + ": no alarm\n" + pair.production().tail(), () -> !alarmRaised());
    }

    /** Whether the alarm stands that the VM fell to changed-block tracking. */
    private static boolean alarmRaised() throws IOException {
        return pair.production()
                .log()
                .lines()
                .filter(line -> line.matches(".*VM_FELL_TO_CBT.*(raised|cleared) for.*"))
                .reduce((former, later) -> later)
                .filter(line -> line.contains("raised for"))
                .isPresent();
    }
}
