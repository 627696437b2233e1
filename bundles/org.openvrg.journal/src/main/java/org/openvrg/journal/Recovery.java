package org.openvrg.journal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.file.DurableFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what a directory holds and makes it a journal that can be appended to. Every step can be repeated, so a
 * crash in the middle of a recovery does no harm. For one thread.
 *
 * <table>
 * <caption>What recovery finds, and what it does</caption>
 * <tr><th>found</th><th>done</th></tr>
 * <tr><td>no segment</td><td>a fresh journal: epoch 0, last index 0, last sequence 0</td></tr>
 * <tr><td>open segment, every record sound</td><td>goes on behind the last</td></tr>
 * <tr><td>last open segment, bytes behind the last sound record</td><td>a torn tail: cut</td></tr>
 * <tr><td>last open segment, a bad record with a sound one behind it</td><td>damage; the sound ones are kept, the
 * segment is closed and a new one begun. After a power loss such a hole may as well be writes that never reached the
 * disk, but it cannot be told from a synced record gone bad, so it is never cut away silently</td></tr>
 * <tr><td>last open segment without a sound header</td><td>the file name stands in for it, the header is written
 * again</td></tr>
 * <tr><td>open segment without records, another behind it</td><td>deleted</td></tr>
 * <tr><td>open segment with records, another behind it</td><td>a full one that was not synced: closed; records
 * missing at its end are damage</td></tr>
 * <tr><td>closed segment, chain of headers as its name says</td><td>taken</td></tr>
 * <tr><td>closed segment, headers missing or bad</td><td>damage; taken with what is sound</td></tr>
 * <tr><td>closed segment without a sound header</td><td>the file name stands in for it</td></tr>
 * <tr><td>only closed segments</td><td>a new open one behind the last</td></tr>
 * <tr><td>indexes missing between two segments</td><td>damage</td></tr>
 * <tr><td>two segments with the same index, or an epoch that falls</td><td>refused: DAMAGED</td></tr>
 * <tr><td>sound header of another format version</td><td>refused: DAMAGED</td></tr>
 * <tr><td>any other file</td><td>left alone</td></tr>
 * </table>
 */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final Path directory;
    private final List<Segment> segments = new ArrayList<>();
    private long epoch;
    private boolean epochBegun;
    private long lastSequence;
    private long nextIndex;
    private long damageFirst = Long.MAX_VALUE;
    private long damageLast = -1;
    private boolean lastIsOpen;

    private record Found(Path file, SegmentFormat.Name name) {}

    /** What the records of one file look like. */
    private record Scan(long endBytes, long lastIndex, long lastSequence, boolean sequenced, boolean gap) {}

    private Recovery(Path directory) {
        this.directory = directory;
    }

    /**
     * Recovers a directory; on failure its lock is given back.
     *
     * @throws JournalException see the table
     */
    static Recovery run(Path directory, DirectoryLock lock) throws JournalException {
        Recovery recovery = new Recovery(directory);
        boolean done = false;
        try {
            recovery.run();
            done = true;
            return recovery;
        } catch (IOException e) {
            throw new JournalException(JournalException.Kind.FAILED, "the journal cannot be opened", e);
        } finally {
            if (!done) {
                lock.close();
            }
        }
    }

    /** Recovers; afterwards everything found is on stable storage and the last segment is open. */
    private void run() throws IOException, JournalException {
        List<Found> files = list();
        for (int i = 0; i < files.size(); i++) {
            Optional<Found> next = i + 1 < files.size() ? Optional.of(files.get(i + 1)) : Optional.empty();
            take(files.get(i), next.map(Found::name));
        }
        if (!lastIsOpen) {
            Segment fresh = Segment.create(directory, epoch, Math.max(1, nextIndex), lastSequence, epochBegun);
            fresh.force();
            segments.add(fresh);
        }
        DurableFile.syncFolder(directory);
        if (damageLast >= damageFirst) {
            LOG.warn("the journal has lost records within {} to {}", damageFirst, damageLast);
        }
    }

    private List<Found> list() throws IOException {
        List<Found> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path file : entries) {
                SegmentFormat.Name.parse(file.getFileName().toString())
                        .ifPresent(name -> files.add(new Found(file, name)));
            }
        }
        files.sort(Comparator.comparingLong((Found found) -> found.name.firstIndex())
                .thenComparingLong(found -> found.name.epoch())
                .thenComparing(found -> !found.name.open()));
        return files;
    }

    private void take(Found found, Optional<SegmentFormat.Name> next) throws IOException, JournalException {
        SegmentFormat.Name name = found.name;
        Optional<SegmentFormat.Header> header;
        Scan scan;
        try (SegmentReader reader = new SegmentReader(found.file, name.salt())) {
            header = header(reader, name);
            scan = scan(reader, name);
        }
        enter(name, header);
        long last = lastIndexOf(name, scan, next);
        if (name.open() && next.isPresent() && last < name.firstIndex()) {
            Files.delete(found.file);
            return;
        }
        if (scan.lastIndex < last) {
            damage(scan.lastIndex + 1, last);
        }
        nextIndex = last + 1;
        if (scan.sequenced || (!name.open() && name.sequence() > lastSequence)) {
            epochBegun = true;
        }
        lastSequence = Math.max(lastSequence, name.open() ? scan.lastSequence : name.sequence());
        if (name.open() && next.isPresent() && next.get().open()) {
            lastSequence = Math.max(lastSequence, next.get().sequence());
        }
        Segment segment = Segment.found(found.file, name, last, lastSequence, scan.endBytes);
        segments.add(segment);
        if (name.open()) {
            settle(segment, name, header.isEmpty(), next.isPresent() || scan.gap);
        }
    }

    private Optional<SegmentFormat.Header> header(SegmentReader reader, SegmentFormat.Name name)
            throws IOException, JournalException {
        Optional<SegmentFormat.Header> header = SegmentFormat.Header.decode(reader.segmentHeader())
                .filter(found -> found.epoch() == name.epoch()
                        && found.firstIndex() == name.firstIndex()
                        && found.salt() == name.salt());
        if (header.isEmpty()) {
            LOG.warn("journal segment {} has no sound header, its name stands in", name.text());
        }
        return header;
    }

    /** Moves the running state to the start of a segment. */
    private void enter(SegmentFormat.Name name, Optional<SegmentFormat.Header> header) throws JournalException {
        boolean first = segments.isEmpty() && nextIndex == 0;
        if (!first && (name.firstIndex() < nextIndex || name.epoch() < epoch)) {
            throw new JournalException(
                    JournalException.Kind.DAMAGED,
                    "segments of the journal contradict one another at record " + name.firstIndex());
        }
        if (!first && name.firstIndex() > nextIndex) {
            damage(nextIndex, name.firstIndex() - 1);
        }
        long before = name.open()
                ? name.sequence()
                : header.map(SegmentFormat.Header::previousSequence).orElse(lastSequence);
        boolean carried = !first && name.epoch() == epoch && epochBegun;
        epochBegun = carried || header.map(SegmentFormat.Header::epochBegun).orElse(first && before != 0);
        lastSequence = Math.max(lastSequence, before);
        epoch = name.epoch();
    }

    private static long lastIndexOf(SegmentFormat.Name name, Scan scan, Optional<SegmentFormat.Name> next)
            throws JournalException {
        if (!name.open()) {
            return name.lastIndex();
        }
        if (next.isEmpty()) {
            return scan.lastIndex;
        }
        if (scan.lastIndex >= next.get().firstIndex()) {
            throw new JournalException(
                    JournalException.Kind.DAMAGED,
                    "two segments of the journal claim record " + next.get().firstIndex());
        }
        return next.get().firstIndex() - 1;
    }

    /** Walks the records; the payloads of a segment that was not closed are checked too. */
    private Scan scan(SegmentReader reader, SegmentFormat.Name name) throws IOException {
        long size = reader.fileBytes();
        long at = SegmentFormat.SEGMENT_HEADER_BYTES;
        long end = at;
        long last = name.firstIndex() - 1;
        long sequence = 0;
        boolean sequenced = false;
        boolean gap = false;
        boolean passedOver = false;
        while (at >= 0 && at < size) {
            if (!reader.header(at, size)) {
                at = reader.find(at + 1, size);
                continue;
            }
            at = reader.recordEnd();
            boolean expected = reader.index() > last && (name.open() || reader.index() <= name.lastIndex());
            if (!expected || (name.open() && !reader.isPayloadIntact())) {
                passedOver = true;
                continue;
            }
            if (reader.index() > last + 1) {
                damage(last + 1, reader.index() - 1);
            }
            // behind a record that was passed over a search by index would lose its way: nothing is added here
            gap |= passedOver || reader.index() > last + 1;
            last = reader.index();
            end = at;
            if (reader.type().isSequenced()) {
                sequence = Math.max(sequence, reader.sequence());
                sequenced = true;
            }
        }
        return new Scan(end, last, sequence, sequenced, gap);
    }

    /** Cuts the torn tail, syncs, and closes the segment unless it can go on as the open one. */
    private void settle(Segment segment, SegmentFormat.Name name, boolean headerLost, boolean close)
            throws IOException {
        segment.openForAppend();
        if (headerLost) {
            long before = segment.isEmpty() ? lastSequence : name.sequence();
            segment.writeHeader(
                    new SegmentFormat.Header(name.epoch(), name.firstIndex(), before, epochBegun, name.salt()));
        }
        segment.force();
        if (close) {
            segment.close();
        } else {
            lastIsOpen = true;
        }
    }

    private void damage(long first, long last) {
        damageFirst = Math.min(damageFirst, first);
        damageLast = Math.max(damageLast, last);
    }

    /** All segments in order, the last one open. */
    List<Segment> segments() {
        return List.copyOf(segments);
    }

    long epoch() {
        return epoch;
    }

    boolean epochBegun() {
        return epochBegun;
    }

    long lastSequence() {
        return lastSequence;
    }

    Optional<Journal.Damage> damage() {
        return damageLast < damageFirst ? Optional.empty() : Optional.of(new Journal.Damage(damageFirst, damageLast));
    }
}
