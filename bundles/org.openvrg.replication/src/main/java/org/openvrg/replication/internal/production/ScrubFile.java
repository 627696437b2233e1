package org.openvrg.replication.internal.production;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps how far the scrub of a VM is. Nothing depends on it but the time that a pass takes, so a file that can't be
 * read or written costs a line in the log and begins the pass anew. {@link #store} may come from any thread, the newest
 * last.
 */
final class ScrubFile {
    private static final Logger LOG = LoggerFactory.getLogger(ScrubFile.class);

    private final Path path;
    private boolean closed;

    /**
     * Where a scrub is.
     *
     * @param volume place of the volume among those of the VM
     * @param block next block of it
     * @param lastPassEpochMillis when all blocks had been looked at, -1 before that
     * @param differentBlocks blocks found different, ever
     */
    record Position(int volume, long block, long lastPassEpochMillis, long differentBlocks) {
        static final Position START = new Position(0, 0, -1, 0);

        Position {
            if (volume < 0 || block < 0 || differentBlocks < 0) {
                throw new IllegalArgumentException("a position of the scrub is not negative");
            }
        }

        Position at(int nextVolume, long nextBlock) {
            return new Position(nextVolume, nextBlock, lastPassEpochMillis, differentBlocks);
        }

        Position passEnded(long epochMillis) {
            return new Position(0, 0, epochMillis, differentBlocks);
        }

        Position withDifferences(int more) {
            return new Position(volume, block, lastPassEpochMillis, differentBlocks + more);
        }
    }

    ScrubFile(Path path) {
        this.path = path;
    }

    /** Writes nothing more. */
    synchronized void close() {
        closed = true;
    }

    Position load() {
        if (!Files.exists(path)) {
            return Position.START;
        }
        Properties values = new Properties();
        try (InputStream in = Files.newInputStream(path)) {
            values.load(in);
            return new Position(
                    Integer.parseInt(values.getProperty("volume", "")),
                    Long.parseLong(values.getProperty("block", "")),
                    Long.parseLong(values.getProperty("last-pass", "")),
                    Long.parseLong(values.getProperty("differences", "")));
        } catch (IOException | IllegalArgumentException e) {
            LOG.warn("{} can't be read, the scrub begins anew: {}", path.getFileName(), e.getMessage());
            return Position.START;
        }
    }

    synchronized void store(Position position) {
        if (closed) {
            return; // the folder may be gone
        }
        Properties values = new Properties();
        values.setProperty("volume", Integer.toString(position.volume()));
        values.setProperty("block", Long.toString(position.block()));
        values.setProperty("last-pass", Long.toString(position.lastPassEpochMillis()));
        values.setProperty("differences", Long.toString(position.differentBlocks()));
        Path next = path.resolveSibling(path.getFileName() + ".new");
        try {
            try (OutputStream out = Files.newOutputStream(next)) {
                values.store(out, null);
            }
            Files.move(next, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("{} can't be written: {}", path.getFileName(), e.getMessage());
        }
    }
}
