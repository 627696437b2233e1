package org.openvrg.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.function.Executable;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.model.RecordType;
import org.openvrg.api.model.StreamRecord;
import org.openvrg.api.model.VolumeKey;

/** Records and files for the tests. */
final class Records {
    static final VolumeKey VOLUME = new VolumeKey(0x1122334455667788L, 0x99aabbccddeeff00L);

    private Records() {}

    static StreamRecord write(long sequence, int bytes) {
        byte[] payload = new byte[bytes];
        new Random(sequence).nextBytes(payload);
        return new StreamRecord(sequence, RecordType.WRITE, VOLUME, sequence * 4096, bytes, ByteBuffer.wrap(payload));
    }

    static StreamRecord zero(long sequence) {
        return new StreamRecord(sequence, RecordType.ZERO, VOLUME, 0, 65536, ByteBuffer.allocate(0));
    }

    static StreamRecord copied(long sequence, int bytes) {
        return new StreamRecord(sequence, RecordType.RESYNC_WRITE, VOLUME, 0, bytes, ByteBuffer.allocate(bytes));
    }

    static Journal.Settings small(Path directory) {
        return new Journal.Settings(directory, 4096, 4096 * 64);
    }

    /** The same record with bytes of its own. */
    static StreamRecord copy(StreamRecord record) {
        ByteBuffer bytes = ByteBuffer.allocate(record.payload().remaining());
        bytes.put(record.payload().duplicate()).flip();
        return new StreamRecord(
                record.sequence(), record.type(), record.volume(), record.offsetBytes(), record.lengthBytes(), bytes);
    }

    /** Everything from an index to the end. */
    static List<StreamRecord> read(Journal journal, long from) throws JournalException {
        List<StreamRecord> records = new ArrayList<>();
        try (Journal.Cursor cursor = journal.cursor(from)) {
            Optional<Journal.Entry> entry = cursor.next();
            while (entry.isPresent()) {
                assertEquals(from + records.size(), entry.get().index());
                records.add(copy(entry.get().record()));
                entry = cursor.next();
            }
        }
        return records;
    }

    static void assertKind(JournalException.Kind kind, Executable call) {
        assertEquals(kind, assertThrows(JournalException.class, call).kind());
    }

    static List<Path> files(Path directory) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, "*.{open,seg}")) {
            stream.forEach(files::add);
        }
        files.sort(null);
        return files;
    }

    /** What a kill would leave. */
    static Path copyOf(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (Path old : files(to)) {
            Files.delete(old);
        }
        for (Path file : files(from)) {
            Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
        return to;
    }
}
