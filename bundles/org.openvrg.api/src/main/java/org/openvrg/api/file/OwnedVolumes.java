package org.openvrg.api.file;

import java.io.IOException;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.storage.StorageVolume;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The open volumes of one datastore, each with its claim, each open only once in this process whatever datastore it is
 * reached through. A volume is claimed before it is opened, since opening may already change an image; a claim on a
 * volume that nobody owned is given up again when it can't be opened. Thread-safe.
 */
public final class OwnedVolumes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OwnedVolumes.class);

    /** What is open in this process: locks between processes do not show within one. */
    private static final Set<Object> OPEN = ConcurrentHashMap.newKeySet();

    private final Set<OwnedVolume> volumes = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** Makes the claim. */
    @FunctionalInterface
    public interface Claimer {
        /** Claims, or refuses with {@link Kind#OWNED_BY_OTHER}. */
        Claim claim() throws IOException, StorageException;
    }

    /** Opens what was claimed. */
    @FunctionalInterface
    public interface Opener {
        /** Opens. */
        BlockVolume open() throws IOException, StorageException;
    }

    /**
     * Opens a volume.
     *
     * @param key equal for equal storage, whatever path it is reached by
     * @param name what messages call it
     * @param wantedBytes size of production's volume, where it is known
     * @throws StorageException {@link Kind#OWNED_BY_OTHER} if it is open already, {@link Kind#PATH_WRONG} if it is too
     *     small, and what claimer and opener throw
     */
    public StorageVolume open(Object key, String name, OptionalLong wantedBytes, Claimer claimer, Opener opener)
            throws StorageException {
        if (!OPEN.add(key)) {
            throw new StorageException(Kind.OWNED_BY_OTHER, "volume " + name + " is already open here");
        }
        boolean done = false;
        try {
            OwnedVolume volume = claimed(key, name, wantedBytes, claimer.claim(), opener);
            done = true;
            if (closed) {
                volume.close();
                throw new StorageException(Kind.PATH_WRONG, "the datastore of volume " + name + " was removed");
            }
            return volume;
        } catch (IOException e) {
            throw new StorageException(Kind.IO, "volume " + name + " can't be opened on its datastore", e);
        } finally {
            if (!done) {
                OPEN.remove(key);
            }
        }
    }

    private OwnedVolume claimed(Object key, String name, OptionalLong wantedBytes, Claim claim, Opener opener)
            throws IOException, StorageException {
        boolean done = false;
        try {
            BlockVolume opened = opener.open();
            if (wantedBytes.isPresent() && opened.sizeBytes() < wantedBytes.getAsLong()) {
                long sizeBytes = opened.sizeBytes();
                opened.close();
                throw new StorageException(
                        Kind.PATH_WRONG,
                        "volume " + name + " has " + sizeBytes + " bytes, production has " + wantedBytes.getAsLong());
            }
            OwnedVolume volume = new OwnedVolume(opened, claim, name, ended -> {
                volumes.remove(ended);
                OPEN.remove(key);
            });
            volumes.add(volume);
            done = true;
            return volume;
        } finally {
            if (!done) {
                undo(claim, name);
            }
        }
    }

    private static void undo(Claim claim, String name) {
        try (claim) {
            if (claim.isNew()) {
                claim.release();
            }
        } catch (IOException | StorageException e) {
            LOG.warn("The claim on volume {}, which could not be opened, was not given up: {}", name, e.getMessage());
        }
    }

    /** Flushes and closes every volume; their ownership stays. What is opened later is refused. */
    @Override
    public void close() {
        closed = true;
        for (OwnedVolume volume : volumes) {
            closeFlushed(volume);
        }
    }

    private static void closeFlushed(OwnedVolume volume) {
        try (volume) {
            volume.flush();
        } catch (StorageException e) {
            if (e.kind() != Kind.CLOSED) {
                LOG.warn("A volume could not be flushed and closed with its datastore: {}", e.getMessage());
            }
        }
    }
}
