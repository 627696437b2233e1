package org.openvrg.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Prints appends of 4 KiB per second, MB/s with 1 MiB, and appends with a sync each per second. */
public final class JournalBenchmark {
    private static final Logger LOG = LoggerFactory.getLogger(JournalBenchmark.class);
    private static final int ROUNDS = 3;

    private JournalBenchmark() {}

    /** The first argument is the directory to work in, on the disk to be measured; it is left empty of segments. */
    public static void main(String[] arguments) throws IOException, JournalException {
        Path home = arguments.length > 0 ? Path.of(arguments[0]) : Files.createTempDirectory("journal-benchmark");
        for (int round = 1; round <= ROUNDS; round++) {
            report("4 KiB", home, 4096, 100_000, false);
            report("1 MiB", home, 1024 * 1024, 500, false);
            report("4 KiB and sync", home, 4096, 500, true);
        }
    }

    private static void report(String name, Path home, int bytes, int count, boolean sync) throws JournalException {
        ByteBuffer payload = ByteBuffer.allocateDirect(bytes);
        try (Journal journal = Journal.open(Journal.Settings.of(home))) {
            long sequence = journal.lastSequence();
            long start = System.nanoTime();
            for (int i = 0; i < count; i++) {
                sequence++;
                journal.append(new StreamRecord(sequence, RecordType.WRITE, Records.VOLUME, 0, bytes, payload));
                if (sync) {
                    journal.sync();
                }
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            journal.trim(journal.lastIndex());
            print(name, count / seconds, count * (double) bytes / seconds / 1e6);
        }
    }

    private static void print(String name, double perSecond, double megabytes) {
        LOG.info("{}: {} appends/s, {} MB/s", name, Math.round(perSecond), Math.round(megabytes));
    }
}
