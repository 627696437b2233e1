package org.openvrg.journal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.openvrg.api.failure.JournalException;
import org.openvrg.api.failure.JournalException.Kind;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a directory to one journal; the system takes the lock back when the process dies. For one thread. */
final class DirectoryLock implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DirectoryLock.class);
    private static final String LOCK_FILE = "journal.lock";

    private final FileChannel channel;

    private DirectoryLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Makes the directory if it is absent, and locks it.
     *
     * @throws JournalException FAILED when somebody has the lock, or the directory cannot be written
     */
    static DirectoryLock take(Path directory) throws JournalException {
        try {
            Files.createDirectories(directory);
            DirectoryLock lock = new DirectoryLock(FileChannel.open(
                    directory.resolve(LOCK_FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE));
            if (!lock.tryLock()) {
                lock.close();
                throw new JournalException(Kind.FAILED, "the journal is already open");
            }
            return lock;
        } catch (IOException e) {
            throw new JournalException(Kind.FAILED, "the directory of the journal cannot be used", e);
        }
    }

    private boolean tryLock() throws IOException {
        try {
            FileLock lock = channel.tryLock();
            return lock != null;
        } catch (OverlappingFileLockException e) {
            LOG.debug("this process has the journal open", e);
            return false;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            LOG.warn("the lock of the journal was not given back cleanly", e);
        }
    }
}
