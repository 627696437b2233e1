package org.openvrg.writeagent.internal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;
import org.openvrg.api.storage.Ownership;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The folder with the state files of all VMs, locked against a second agent. Thread-safe. */
final class StateFolder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StateFolder.class);

    private final Path folder;
    private final StateFile.Lives lives;
    private final FileChannel lock;

    /**
     * Makes the folder where it is missing and locks it.
     *
     * @param lives beyond them only what was flushed counts
     * @throws IOException when it can't be used, or another agent uses it
     */
    StateFolder(Path folder, StateFile.Lives lives) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.lives = lives;
        this.lock = FileChannel.open(folder.resolve("lock"), StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        boolean locked = false;
        try {
            locked = lock.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            throw new IOException("directory is used by another writeagent of this process", e);
        } finally {
            if (!locked) {
                lock.close();
            }
        }
        if (!locked) {
            throw new IOException("directory is used by another writeagent");
        }
    }

    /** The state of a VM, where there is one that is not damaged. */
    Optional<StateFile> find(UUID vmUuid) throws IOException {
        Path file = file(vmUuid);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Optional<StateFile> state = StateFile.open(file, vmUuid, lives);
        if (state.isEmpty()) {
            LOG.warn("The state file of VM {} is damaged: how far its volumes are is not known any more", vmUuid);
        }
        return state;
    }

    /** Makes the state of a VM, replacing an older one. */
    StateFile create(UUID vmUuid, Ownership owner, long appliedIndex, long flushedIndex) throws IOException {
        return StateFile.create(file(vmUuid), vmUuid, lives, owner, appliedIndex, flushedIndex);
    }

    /** A state whose applied index counts no longer than this process lives. */
    StateFile withinProcess(StateFile state) throws IOException {
        return state.withinProcess(lives);
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }

    private Path file(UUID vmUuid) {
        return folder.resolve(vmUuid + ".state");
    }
}
