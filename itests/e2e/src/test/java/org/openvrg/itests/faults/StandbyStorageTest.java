package org.openvrg.itests.faults;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openvrg.api.failure.StorageException;
import org.openvrg.itests.Chance;
import org.openvrg.itests.Pair;

/** Disks of the DR side that run full, fail, are slow, or give back other bytes than were written. */
class StandbyStorageTest {
    private static final Duration SHORT = Duration.ofSeconds(3);
    private static final Duration SLOW_WRITE = Duration.ofMillis(5);
    private static final long DATASTORE_BYTES = 40 * Protected.MIB;
    private static final long JOURNAL_DISK_BYTES = 256 * Protected.MIB;
    private static final GuestView VIEW = new GuestView("guest view of the DR side's disks");
    private static final Chance CHANCE = new Chance("StandbyStorageTest");

    private static Pair pair;
    private static FaultyDisk datastore;
    private static FaultyDisk journals;
    private static FaultyFile slowDisk;
    private static Protected vm;

    @BeforeAll
    static void protectAVm() throws IOException, InterruptedException, StorageException {
        pair = new Pair("standby-storage").patient();
        Path home = pair.dr().home();
        datastore = FaultyDisk.small(home.resolve("datastore"), DATASTORE_BYTES);
        journals = FaultyDisk.small(home.resolve("data/replication"), JOURNAL_DISK_BYTES);
        pair.start();
        String plain = pair.newDisk(Protected.DISK_BYTES);
        String slow = pair.newDisk(Protected.DISK_BYTES);
        try (RandomAccessFile file = new RandomAccessFile(pair.standbyDisk(slow).toFile(), "rw")) {
            file.setLength(Protected.DISK_BYTES);
        }
        slowDisk = FaultyFile.over(pair.standbyDisk(slow), home.resolve("slow"), SLOW_WRITE);
        vm = new Protected(pair, CHANCE.number(), plain, slow);
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        VIEW.tell();
        if (vm != null) {
            vm.close();
        }
        pair.close();
        if (slowDisk != null) {
            slowDisk.end();
        }
        for (FaultyDisk disk : new FaultyDisk[] {journals, datastore}) {
            if (disk != null) {
                disk.close();
            }
        }
    }

    @Test
    void anythingThatHappensToTheDisksOfTheDrSide() throws IOException, InterruptedException, StorageException {
        vm.under("DR volume slow by 5 ms for each write", SHORT, () -> {}, () -> {}, VIEW);
        vm.under("DR volume gives EIO", SHORT, slowDisk::fail, slowDisk::heal, VIEW);
        vm.under("datastore full", SHORT, datastore::fill, datastore::free, VIEW);
        vm.under("disk of the DR journal full", SHORT, journals::fill, journals::free, VIEW);
    }

    @Test
    void drJournalThatCameBackOtherThanItWasWritten() throws IOException, InterruptedException, StorageException {
        for (boolean cut : new boolean[] {false, true}) {
            pair.agent().stall(); // so that the journal has something that is not on the volumes
            vm.load().awaitMore(100);
            pair.dr().kill();
            damage(newestSegment(), cut);
            pair.agent().restore();
            pair.dr().start();
            vm.load().awaitMore(50);
            vm.equal(CHANCE + (cut ? ", DR journal cut" : ", byte of the DR journal flipped"));
            vm.load().start();
        }
    }

    private static Path newestSegment() throws IOException {
        Path folder = pair.dr()
                .home()
                .resolve("data/replication/standby")
                .resolve(vm.vm())
                .resolve("journal");
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file ->
                            file.toString().endsWith(".open") || file.toString().endsWith(".seg"))
                    .max(Comparator.comparingLong(file -> file.toFile().length()))
                    .orElseThrow();
        }
    }

    private static void damage(Path file, boolean cut) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            if (cut) {
                bytes.setLength(bytes.length() * 2 / 3);
                return;
            }
            bytes.seek(bytes.length() / 2);
            int before = bytes.read();
            bytes.seek(bytes.length() / 2);
            bytes.write(before ^ 1);
        }
        Chance.tell("%s: damaged in the middle of %d bytes", file.getFileName(), Files.size(file));
    }
}
