package org.openvrg.alarm.internal;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.openvrg.api.file.DurableFile;
import org.openvrg.api.service.Alarm;
import org.openvrg.api.service.AlarmService.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Raised alarms and waiting notifications on disk: a file of lines, one for each change, synced before a call returns.
 * A line is the CRC32C of its rest in eight hex digits and fields, all separated by tabs, in UTF-8:
 *
 * <pre>
 * last    id      number                                    largest ones ever given
 * raised  id      kind    since   subject text              times in milliseconds since 1970
 * cleared id
 * raise   number  at      id      kind    since subject text
 * clear   number  at      id      kind    since subject text
 * done    number
 * </pre>
 *
 * <p>A line whose CRC is wrong is skipped: the last one may be torn by a kill. The file is written anew, all or nothing,
 * when it is opened and when it has grown. Confined to one thread; texts must hold no control characters.
 */
final class AlarmFile implements AutoCloseable {
    /** Name of the file. */
    static final String NAME = "alarms.log";

    private static final int CRC_CHARACTERS = 8;
    private static final int MAX_LINE_BYTES = 16 * 1024;
    private static final int MIN_LINES_TO_REWRITE = 1_000;
    private static final int GROWTH_TO_REWRITE = 4;
    private static final Logger LOG = LoggerFactory.getLogger(AlarmFile.class);

    private final Path file;
    private Optional<FileChannel> channel = Optional.empty();
    private long lines;
    private long linesWhenWritten;

    AlarmFile(Path directory) {
        this.file = directory.resolve(NAME);
    }

    /** Reads what is there, and writes it anew. */
    Snapshot open() throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Snapshot left = Files.exists(file) ? read() : Snapshot.EMPTY;
        rewrite(left);
        return left;
    }

    /** Whether {@link #rewrite} is due: the file has grown, or the last write failed. */
    boolean wantsRewrite() {
        return channel.isEmpty() || lines > MIN_LINES_TO_REWRITE + GROWTH_TO_REWRITE * linesWhenWritten;
    }

    /** Adds changes; on stable storage when it returns. After a failure the file must be written anew. */
    void append(List<Change> changes) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (Change change : changes) {
            text.writeBytes(line(fields(change)));
        }
        FileChannel open = channel.orElseThrow(() -> new IOException(file + " is not open"));
        try {
            write(open, text.toByteArray());
            lines += changes.size();
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** Puts a new file in the place of the present one; on stable storage when it returns. */
    void rewrite(Snapshot snapshot) throws IOException {
        close();
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        text.writeBytes(line("last\t" + snapshot.lastId() + "\t" + snapshot.lastNumber()));
        snapshot.raised().forEach(alarm -> text.writeBytes(line(fields(new Change.Raised(alarm)))));
        snapshot.queue().forEach(waiting -> text.writeBytes(line(fields(new Change.Queued(waiting)))));
        DurableFile.replace(file, text.toByteArray());
        channel = Optional.of(FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND));
        lines = 1L + snapshot.size();
        linesWhenWritten = lines;
    }

    private static void write(FileChannel to, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            to.write(buffer);
        }
        to.force(false);
    }

    private static byte[] line(String fields) {
        byte[] bytes = fields.getBytes(StandardCharsets.UTF_8);
        byte[] start = (crc(bytes, 0) + "\t").getBytes(StandardCharsets.US_ASCII);
        return ByteBuffer.allocate(start.length + bytes.length + 1)
                .put(start)
                .put(bytes)
                .put((byte) '\n')
                .array();
    }

    private static String crc(byte[] bytes, int from) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, bytes.length - from);
        return String.format("%08x", crc.getValue());
    }

    private static String fields(Change change) {
        if (change instanceof Change.Raised now) {
            return "raised\t" + fields(now.alarm());
        } else if (change instanceof Change.Cleared cleared) {
            return "cleared\t" + cleared.id();
        } else if (change instanceof Change.Queued queued) {
            Notification waiting = queued.notification();
            return (waiting.raised() ? "raise\t" : "clear\t") + waiting.number() + "\t"
                    + waiting.at().toEpochMilli() + "\t" + fields(waiting.alarm());
        } else if (change instanceof Change.Done done) {
            return "done\t" + done.number();
        }
        throw new IllegalStateException("no other change is known");
    }

    private static String fields(Alarm alarm) {
        return alarm.id() + "\t" + alarm.kind() + "\t" + alarm.since().toEpochMilli() + "\t" + alarm.subject() + "\t"
                + alarm.text();
    }

    private Snapshot read() throws IOException {
        Replay replay = new Replay();
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int next = in.read(); next != -1; next = in.read()) {
                if (next == '\n') {
                    replay.accept(line.toByteArray());
                    line.reset();
                } else if (line.size() < MAX_LINE_BYTES) {
                    line.write(next);
                }
            }
            replay.end(line.size() > 0);
        }
        return replay.snapshot();
    }

    @Override
    public void close() throws IOException {
        Optional<FileChannel> open = channel;
        channel = Optional.empty();
        if (open.isPresent()) {
            open.get().close();
        }
    }

    /** Carries out one line after the other. */
    private final class Replay implements Consumer<byte[]> {
        private final Map<Long, Alarm> raised = new LinkedHashMap<>();
        private final Map<Long, Notification> queue = new LinkedHashMap<>();
        private long lastId;
        private long lastNumber;
        private int skipped;

        @Override
        public void accept(byte[] line) {
            int start = CRC_CHARACTERS + 1;
            boolean whole = line.length > start
                    && new String(line, 0, CRC_CHARACTERS, StandardCharsets.US_ASCII).equals(crc(line, start));
            if (!whole) {
                skipped++;
                return;
            }
            try {
                carryOut(new String(line, start, line.length - start, StandardCharsets.UTF_8).split("\t", -1));
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                LOG.warn("a line of {} is of a form that this release does not know", file, e);
            }
        }

        private void carryOut(String[] fields) {
            switch (fields[0]) {
                case "last" -> {
                    lastId = Long.parseLong(fields[1]);
                    lastNumber = Long.parseLong(fields[2]);
                }
                case "raised" -> {
                    Alarm alarm = alarm(fields, 1);
                    raised.put(alarm.id(), alarm);
                }
                case "cleared" -> raised.remove(Long.parseLong(fields[1]));
                case "raise", "clear" -> {
                    lastNumber = Long.parseLong(fields[1]);
                    Instant at = Instant.ofEpochMilli(Long.parseLong(fields[2]));
                    queue.put(
                            lastNumber, new Notification(lastNumber, fields[0].equals("raise"), at, alarm(fields, 3)));
                }
                case "done" -> queue.remove(Long.parseLong(fields[1]));
                default -> throw new IllegalArgumentException("no line begins with " + fields[0]);
            }
        }

        private Alarm alarm(String[] fields, int from) {
            lastId = Math.max(lastId, Long.parseLong(fields[from]));
            return new Alarm(
                    Long.parseLong(fields[from]),
                    Kind.valueOf(fields[from + 1]),
                    fields[from + 3],
                    Instant.ofEpochMilli(Long.parseLong(fields[from + 2])),
                    fields[from + 4]);
        }

        void end(boolean tornLine) {
            if (skipped > 0) {
                LOG.error("{} lines of {} are damaged; what they told of alarms is lost", skipped, file);
            } else if (tornLine) {
                LOG.info("the last line of {} is torn: the process was killed while it was written", file);
            }
        }

        Snapshot snapshot() {
            return new Snapshot(List.copyOf(raised.values()), List.copyOf(queue.values()), lastId, lastNumber);
        }
    }
}
