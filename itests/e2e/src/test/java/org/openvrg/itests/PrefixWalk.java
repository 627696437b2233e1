package org.openvrg.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeKey;
import org.openvrg.journal.Journal;

/**
 * Goes through a journal record by record. For each: a torn copy of it is cut by recovery, the rebuilt image equals the
 * oracle's; and for some or all of them the image is a file system that a guest can boot from. One thread, with
 * checkers of its own.
 */
final class PrefixWalk implements AutoCloseable {
    private static final int CHECKERS = 4;

    private final SplittableRandom random;
    private final boolean whole;
    private final Path scratch;
    private final Map<VolumeKey, Disk> disks;
    private final ExecutorService pool = Executors.newFixedThreadPool(CHECKERS);
    private final ArrayDeque<Future<?>> checks = new ArrayDeque<>();
    private final AtomicLong filesSeen = new AtomicLong();
    private long records;
    private long flushes;
    private long zeroes;
    private long cuts;
    private long checked;

    /** One disk of the VM. */
    record Disk(FileSystem kind, PrefixImage image) {}

    /**
     * A crash inside a record, to be made again with the DR gateway itself.
     *
     * @param place the record
     * @param cutAt where its segment ends
     * @param sequence newest whole record
     * @param images the oracle's images there, by kind
     */
    record Crash(JournalCopy.Place place, long cutAt, long sequence, Map<FileSystem, Path> images) {}

    /**
     * Prepares it.
     *
     * @param whole whether every state is checked, and every record is cut in several places
     * @param scratch a folder on a fast disk
     */
    PrefixWalk(long seed, boolean whole, Path scratch, Map<VolumeKey, Disk> disks) {
        this.random = new SplittableRandom(seed);
        this.whole = whole;
        this.scratch = scratch;
        this.disks = Map.copyOf(disks);
    }

    /**
     * Walks.
     *
     * @param folder the journal's, changed by recovery only
     * @param before sequence that the images have already
     * @param every a record is checked of so many, and each one before a flush of the guest
     * @param crashes so many are chosen for the gateway
     * @param keep folder for the images of those
     */
    List<Crash> over(Path folder, long before, int every, int crashes, Path keep)
            throws IOException, InterruptedException, JournalException, ExecutionException {
        List<Crash> chosen = new ArrayList<>();
        try (Journal journal = Journal.open(Journal.Settings.of(folder))) {
            assertEquals(Optional.empty(), journal.damage(), "the journal has no damage");
            JournalCopy copy = new JournalCopy(folder);
            Set<Long> goals = goals(Math.max(before + 1, 1), journal.lastSequence(), crashes);
            Optional<JournalCopy.Place> place = Optional.empty();
            try (Journal.Cursor cursor = journal.cursor(journal.firstIndex())) {
                Optional<Journal.Entry> next = cursor.next();
                while (next.isPresent()) {
                    Journal.Entry entry = next.get();
                    place = Optional.of(copy.place(place, entry));
                    StreamRecord record = entry.record();
                    assertTrue(record.type().isSequenced() || record.sequence() <= before, "a resync came between");
                    if (record.sequence() > before && record.type().isData()) {
                        if (!goals.isEmpty()
                                && record.sequence() >= goals.iterator().next()) {
                            goals.remove(goals.iterator().next());
                            chosen.add(crash(place.get(), record.sequence() - 1, keep));
                        }
                        assertTornTailIsCut(copy, place.get(), entry);
                        boolean flushed = disks.get(record.volume()).image().apply(record);
                        flushes += flushed ? 1 : 0;
                        zeroes += record.type().carriesBytes() ? 0 : 1;
                        if (whole || flushed || records % every == 0) {
                            check(disks.get(record.volume()), record.sequence());
                        }
                        records++;
                    }
                    next = cursor.next();
                }
            }
        }
        for (Disk disk : disks.values()) {
            disk.image().assertComplete();
            check(disk, Long.MAX_VALUE);
        }
        awaitChecks(0);
        assertTrue(filesSeen.get() > 0, "files with their final names have to be there");
        return chosen;
    }

    private Set<Long> goals(long first, long last, int count) {
        TreeSet<Long> goals = new TreeSet<>();
        for (int i = 0; i < count; i++) {
            goals.add(random.nextLong(first, last + 1));
        }
        return goals;
    }

    private Crash crash(JournalCopy.Place place, long sequence, Path keep) throws IOException, InterruptedException {
        Map<FileSystem, Path> images = new java.util.EnumMap<>(FileSystem.class);
        for (Disk disk : disks.values()) {
            Path image = keep.resolve(disk.kind() + "-at-" + sequence);
            FileSystem.copy(disk.image().oracleFile(), image);
            images.put(disk.kind(), image);
        }
        return new Crash(place, anywhereInside(place), sequence, images);
    }

    private long anywhereInside(JournalCopy.Place place) {
        return random.nextLong(place.start() + 1, place.end());
    }

    private void assertTornTailIsCut(JournalCopy copy, JournalCopy.Place place, Journal.Entry entry)
            throws IOException, JournalException {
        TreeSet<Long> places = new TreeSet<>(List.of(anywhereInside(place)));
        if (whole) {
            places.addAll(List.of(place.start() + 1, place.start() + 63, place.end() - 1));
        }
        for (long at : places) {
            Path folder = scratch.resolve("torn");
            copy.cutSegment(place, at, folder);
            try (Journal torn = Journal.open(Journal.Settings.of(folder))) {
                String context = "record " + entry.index() + " cut at " + at;
                assertEquals(entry.index() - 1, torn.lastIndex(), context);
                assertEquals(entry.record().sequence() - 1, torn.lastSequence(), context);
                assertEquals(Optional.empty(), torn.damage(), context);
                assertEquals(entry.index(), torn.append(entry.record()), context);
            }
            JournalCopy.delete(folder);
            cuts++;
        }
    }

    private void check(Disk disk, long sequence) throws IOException, InterruptedException, ExecutionException {
        awaitChecks(CHECKERS);
        String context = disk.kind() + " after record " + sequence;
        Path copy = scratch.resolve("check-" + checked++);
        FileSystem.copy(disk.image().rebuiltFile(), copy);
        checks.add(pool.submit(() -> {
            disk.kind()
                    .judgeAfterCrash(copy, context, folder -> filesSeen.addAndGet(FileWorkload.check(folder, context)));
            return null;
        }));
    }

    private void awaitChecks(int left) throws InterruptedException, ExecutionException {
        while (checks.size() > left) {
            checks.remove().get();
        }
    }

    /** Figures, for the log. */
    String figures() {
        long ahead =
                disks.values().stream().mapToLong(disk -> disk.image().ahead()).sum();
        return records + " records (" + zeroes + " without bytes) equal QEMU's, " + ahead
                + " of them ahead of others; " + cuts
                + " cuts inside records; "
                + flushes + " flushes; " + checked + " states mounted and checked, with " + filesSeen
                + " whole files found in them";
    }

    @Override
    public void close() throws IOException {
        pool.shutdown();
        for (Disk disk : disks.values()) {
            disk.image().close();
        }
    }
}
