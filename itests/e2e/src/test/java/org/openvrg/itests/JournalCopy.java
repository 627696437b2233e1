package org.openvrg.itests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.openvrg.journal.Journal;

/**
 * A copy of a gateway's journal folder, cut where a test wants it. Names and lengths are those of
 * {@code docs/journal.md}. One thread.
 */
final class JournalCopy {
    private static final int HEADER_BYTES = 64;
    private static final int SEQUENCE_AT = 32;

    private final Path folder;
    private final NavigableMap<Long, Path> segments = new TreeMap<>();

    /** Looks at the segments of a folder. */
    JournalCopy(Path folder) throws IOException {
        this.folder = folder;
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".open") || name.endsWith(".seg")) {
                    segments.put(Long.parseLong(name.split("-")[1], 16), file);
                }
            }
        }
    }

    /** The only journal below a folder. */
    static Path find(Path below) throws IOException {
        try (Stream<Path> files = Files.walk(below)) {
            List<Path> found = files.filter(file -> file.endsWith("journal") && Files.isDirectory(file))
                    .toList();
            if (found.size() != 1) {
                throw new IOException("not one journal below " + below + ": " + found);
            }
            return found.get(0);
        }
    }

    /**
     * Where a record is.
     *
     * @param segment index of the first record of its segment
     * @param start place of its header in the segment
     * @param end place behind its payload
     */
    record Place(long segment, long start, long end) {}

    /** Place of the record behind another one, or of the first. */
    Place place(Optional<Place> before, Journal.Entry entry) {
        long segment = segments.floorKey(entry.index());
        long start = before.filter(place -> place.segment() == segment)
                .map(Place::end)
                .orElse((long) HEADER_BYTES);
        return new Place(
                segment, start, start + HEADER_BYTES + entry.record().payload().remaining());
    }

    /** Puts the record's segment alone into a new folder, cut inside the record: what a kill in mid-write leaves. */
    void cutSegment(Place place, long at, Path into) throws IOException {
        Files.createDirectories(into);
        writeOpen(segments.get(place.segment()), at, into);
    }

    /** Cuts this folder itself inside a record. */
    void cut(Place place, long at) throws IOException {
        Path segment = segments.get(place.segment());
        Path whole = Files.move(segment, folder.resolve("whole"));
        writeOpen(whole, at, folder);
        Files.delete(whole);
        for (Path later : segments.tailMap(place.segment(), false).values()) {
            Files.delete(later);
        }
    }

    private void writeOpen(Path segment, long at, Path into) throws IOException {
        try (FileChannel from = FileChannel.open(segment, StandardOpenOption.READ)) {
            ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
            from.read(header, 0);
            // epoch, first index, newest sequence before it, salt
            String name = String.format(
                    "%016x-%016x-%016x-%08x.open",
                    header.getLong(16), header.getLong(24), header.getLong(SEQUENCE_AT), header.getInt(12));
            try (FileChannel to =
                    FileChannel.open(into.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                long copied = 0;
                while (copied < at && copied < from.size()) {
                    copied += from.transferTo(copied, at - copied, to);
                }
            }
        }
    }

    /** Deletes a folder. */
    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
