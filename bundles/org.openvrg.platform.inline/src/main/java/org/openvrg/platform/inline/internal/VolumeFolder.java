package org.openvrg.platform.inline.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openvrg.api.model.VolumeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the folder in which each {@code VOLUME.raw} of at least one byte is a volume. Notifications of the file system
 * make it quick, and a rescan every two seconds makes it sure. Thread-safe.
 */
final class VolumeFolder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VolumeFolder.class);
    private static final String SUFFIX = ".raw";
    private static final long RESCAN_MILLIS = 2_000;
    private static final long STOP_MILLIS = 5_000;
    private static final int MAX_VOLUMES = 10_000;

    private final Path folder;
    private final WatchService watcher;
    private final Thread thread;
    private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();
    private final Set<String> refused = new HashSet<>();
    private volatile List<VolumeId> volumes = List.of();
    private volatile boolean closed;

    /** One listener; identity counts, so that one listener may subscribe twice. */
    private final class Subscription implements AutoCloseable {
        private final Runnable listener;

        Subscription(Runnable listener) {
            this.listener = listener;
        }

        @Override
        public void close() {
            subscriptions.remove(this);
        }
    }

    /**
     * Scans the folder, creating it where it is missing, and starts to watch it.
     *
     * @throws IOException when the folder can't be created or watched
     */
    VolumeFolder(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder).toRealPath();
        this.watcher = folder.getFileSystem().newWatchService();
        try {
            this.folder.register(watcher, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_DELETE);
        } catch (IOException e) {
            // a limit of the kernel: the scans alone do as well, only later
            LOG.warn("No notifications for the folder of volumes, it is only scanned: {}", e.getMessage());
        }
        scan();
        this.thread = new Thread(this::watch, "vrg-inline-volumes");
        thread.setDaemon(true);
        thread.start();
    }

    /** All volumes, sorted. */
    List<VolumeId> volumes() {
        return volumes;
    }

    /** The file of a volume, where there is one right now. */
    Optional<Path> find(VolumeId volume) {
        Path file = folder.resolve(volume.value() + SUFFIX);
        return isVolume(file) ? Optional.of(file) : Optional.empty();
    }

    /** Calls the listener after each change. */
    AutoCloseable onChange(Runnable listener) {
        Subscription subscription = new Subscription(listener);
        subscriptions.add(subscription);
        return subscription;
    }

    @Override
    public void close() throws IOException {
        closed = true;
        watcher.close();
        try {
            thread.join(STOP_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void watch() {
        while (!closed) {
            try {
                WatchKey key = watcher.poll(RESCAN_MILLIS, TimeUnit.MILLISECONDS);
                if (key != null) {
                    key.pollEvents();
                    key.reset();
                }
                scan();
            } catch (ClosedWatchServiceException e) {
                return;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private synchronized void scan() {
        Set<VolumeId> found = new TreeSet<>();
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(VolumeFolder::hasVolumeName)
                    .filter(this::isVolumeOrRefused)
                    .limit(MAX_VOLUMES)
                    .forEach(file -> found.add(volumeOf(file)));
        } catch (IOException | UncheckedIOException e) {
            LOG.warn("The folder of volumes can't be read, its volumes stay as they were: {}", e.getMessage());
            return;
        }
        List<VolumeId> now = List.copyOf(found);
        if (!now.equals(volumes)) {
            volumes = now;
            LOG.info("Inline volumes: {}", now.size());
            subscriptions.forEach(VolumeFolder::tell);
        }
    }

    private static void tell(Subscription subscription) {
        try {
            subscription.listener.run();
        } catch (RuntimeException e) {
            LOG.error("A listener for inline volumes failed", e);
        }
    }

    private boolean isVolumeOrRefused(Path file) {
        String name = String.valueOf(file.getFileName());
        if (isVolume(file)) {
            refused.remove(name);
            return true;
        }
        if (refused.size() < MAX_VOLUMES && refused.add(name)) {
            LOG.warn("{} is no volume: it is empty, or not a regular file that can be read and written", name);
        }
        return false;
    }

    private static boolean isVolume(Path file) {
        try {
            return Files.isRegularFile(file)
                    && Files.size(file) > 0
                    && Files.isReadable(file)
                    && Files.isWritable(file);
        } catch (IOException e) {
            // gone between the two looks at it
            return false;
        }
    }

    private static boolean hasVolumeName(Path file) {
        String name = String.valueOf(file.getFileName());
        return name.endsWith(SUFFIX) && VolumeId.isValid(name.substring(0, name.length() - SUFFIX.length()));
    }

    private static VolumeId volumeOf(Path file) {
        String name = String.valueOf(file.getFileName());
        return new VolumeId(name.substring(0, name.length() - SUFFIX.length()));
    }
}
