package org.openvrg.qemu.mirror;

import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.block.BlockVolume;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.model.VolumeId;
import org.openvrg.qemu.mirror.MirrorCapture.CaptureWatch;
import org.openvrg.qemu.qmp.QmpClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The readers of a platform's live disks. Nothing of a reader stays in a QEMU for longer than it reads: a QEMU has one
 * NBD server, which others may want, a backup for example. And none goes on to read where the VM has gone from, since
 * that QEMU does not see what is written elsewhere. Thread-safe.
 */
public final class LiveReaders implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LiveReaders.class);
    /** A reader that nobody asked for so long gives its connection up until the next call. */
    static final Duration IDLE = Duration.ofSeconds(3);

    private static final long LOOK_MILLIS = 500;
    /** After so long no further QEMU is asked to let go of what closed readers needed. */
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

    private final Set<LiveReader> readers = ConcurrentHashMap.newKeySet();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "vrg-live-readers");
        thread.setDaemon(true);
        return thread;
    });

    /** Begins to look after readers. */
    public LiveReaders() {
        clock.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /**
     * Opens a live disk for reading, which tells its size.
     *
     * @throws StorageException when the disk is not found or can't be read
     */
    public BlockVolume open(VolumeId volume, DiskFinder finder) throws StorageException {
        if (clock.isShutdown()) {
            throw new StorageException(Kind.CLOSED, "the platform of volume " + volume + " was removed");
        }
        LiveReader reader = new LiveReader(volume, finder, this);
        readers.add(reader);
        boolean done = false;
        try {
            reader.start();
            done = true;
            return reader;
        } finally {
            if (!done) {
                reader.close();
            }
        }
    }

    /** Takes the readers of a volume along when a capture finds its disk in another QEMU, and tells somebody else as well. */
    public CaptureWatch watch(VolumeId volume, CaptureWatch also) {
        return new CaptureWatch() {
            @Override
            public void attached(LiveDisk disk, String node, URI export) {
                readers.stream()
                        .filter(reader -> reader.volume().equals(volume))
                        .forEach(reader -> reader.moved(disk));
                also.attached(disk, node, export);
            }

            @Override
            public void detached(LiveDisk disk, String node) {
                also.detached(disk, node);
            }
        };
    }

    /** Whether another reader of a volume reads in a QEMU. */
    boolean hasOther(LiveReader than, QmpClient monitor) {
        return readers.stream()
                .anyMatch(reader ->
                        reader != than && reader.volume().equals(than.volume()) && reader.isConnectedTo(monitor));
    }

    private void look() {
        readers.removeIf(LiveReaders::isOver);
    }

    private static boolean isOver(LiveReader reader) {
        try {
            return reader.tidy(IDLE);
        } catch (RuntimeException e) {
            LOG.error("The look after the reader of volume {} failed", reader.volume(), e);
            return false;
        }
    }

    /** Closes those that are left; what they have in a QEMU that does not answer stays there. */
    @Override
    public void close() {
        clock.shutdownNow();
        try {
            clock.awaitTermination(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (LiveReader reader : readers) {
            try {
                reader.close();
            } catch (StorageException e) {
                LOG.debug("The reader of volume {} does not close: {}", reader.volume(), e.getMessage());
            }
        }
        long deadline = System.nanoTime() + CLOSE_LIMIT.toNanos();
        readers.removeIf(reader -> System.nanoTime() < deadline && isOver(reader));
    }
}
