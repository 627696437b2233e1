package org.openvrg.qemu.mirror;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.MirrorPlatform.Capture;
import org.openvrg.api.platform.MirrorPlatform.CaptureListener;
import org.openvrg.api.platform.UnseenWrites;
import org.openvrg.qemu.qmp.QmpException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a disk mirrored into an export until it is closed, with one thread: finds the disk, attaches, tells the
 * listener, watches, and begins again when the mirror is lost, after a pause that doubles up to a limit. The disk's size
 * is that of the first time it was found. Thread-safe.
 */
public final class MirrorCapture implements Capture {
    private static final Logger LOG = LoggerFactory.getLogger(MirrorCapture.class);
    private static final long CLOSE_SECONDS = 5;

    private final VolumeId volume;
    private final URI export;
    private final DiskFinder finder;
    private final CaptureListener listener;
    private final MirrorSettings settings;
    private final BitmapTokens tokens;
    private final CaptureWatch watch;
    private final long sizeBytes;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Thread thread;
    private volatile Optional<MirrorSession> current = Optional.empty();
    private String lastReason = "";
    private boolean replaced;

    /** Is told when a node of ours takes writes in a QEMU, so that somebody else can cut it off. */
    public interface CaptureWatch {
        /** Nobody. */
        CaptureWatch NONE = new CaptureWatch() {};

        /** The node takes the writes of a disk from now on. */
        default void attached(LiveDisk disk, String node, URI export) {}

        /** It does not any more, for sure. Not called where that is not known: the node may come to be attached again. */
        default void detached(LiveDisk disk, String node) {}
    }

    private MirrorCapture(
            VolumeId volume,
            URI export,
            DiskFinder finder,
            CaptureListener listener,
            MirrorSettings settings,
            BitmapTokens tokens,
            CaptureWatch watch)
            throws PlatformException {
        this.volume = volume;
        this.export = export;
        this.finder = finder;
        this.listener = listener;
        this.settings = settings;
        this.tokens = tokens;
        this.watch = watch;
        MirrorJob.check(export);
        this.sizeBytes = finder.find().sizeBytes();
        this.thread = new Thread(this::run, "vrg-capture-" + volume);
        thread.setDaemon(true);
    }

    /**
     * Begins.
     *
     * @throws PlatformException when the disk is not found, or the export can't be one
     */
    public static MirrorCapture start(
            VolumeId volume,
            URI export,
            DiskFinder finder,
            CaptureListener listener,
            MirrorSettings settings,
            BitmapTokens tokens,
            CaptureWatch watch)
            throws PlatformException {
        MirrorCapture capture = new MirrorCapture(volume, export, finder, listener, settings, tokens, watch);
        capture.thread.start();
        return capture;
    }

    /** Begins to close, and waits for nothing; {@link #close()} waits. */
    public void stop() {
        closing.countDown();
        current.ifPresent(MirrorSession::stop);
    }

    @Override
    public void close() throws PlatformException {
        stop();
        if (Thread.currentThread().equals(thread)) {
            return;
        }
        try {
            thread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            throw new PlatformException("the capture of " + volume + " does not end within " + CLOSE_SECONDS
                    + " s, QEMU does not answer; it is ended as soon as that answers");
        }
    }

    @Override
    public void forget() throws PlatformException {
        close();
        try {
            tokens.forget(volume);
            new MirrorSession(volume, finder.find(), tokens).forget();
        } catch (QmpException e) {
            throw Patience.failed(e);
        } catch (IOException e) {
            throw new PlatformException("what is known of the bitmaps of " + volume + " can't be removed", e);
        }
    }

    private boolean closed() {
        return closing.getCount() == 0;
    }

    private void run() {
        Duration pause = settings.firstRetry();
        try {
            while (!closed()) {
                boolean wasLive = attempt();
                pause = wasLive ? settings.firstRetry() : longer(pause);
                if (closing.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Duration longer(Duration pause) {
        Duration twice = pause.multipliedBy(2);
        return twice.compareTo(settings.lastRetry()) > 0 ? settings.lastRetry() : twice;
    }

    /** One life of a mirror; whether it came to be live. */
    private boolean attempt() throws InterruptedException {
        boolean live = false;
        boolean attached = false;
        String reason;
        try {
            LiveDisk disk = finder.find();
            if (disk.sizeBytes() != sizeBytes) {
                tellReplaced(disk.sizeBytes());
                return false;
            }
            MirrorSession session = new MirrorSession(volume, disk, tokens);
            String node = MirrorNames.of(volume).node();
            current = Optional.of(session);
            try {
                watch.attached(disk, node, export);
                attached = true;
                UnseenWrites unseen = session.attach(export, settings);
                if (closed()) {
                    return false;
                }
                live = true;
                lastReason = "";
                LOG.info("Volume {} is mirrored; unseen before: {}", volume, describe(unseen));
                listener.live(unseen);
                session.rotate(settings);
                supervise(session);
                if (session.failure().isEmpty()) {
                    // closed in order: what the export has answered is not told again
                    session.rotate(settings);
                }
                reason = session.failure().orElse("closed");
            } finally {
                if (session.detach()) {
                    watch.detached(disk, node);
                }
                current = Optional.empty();
            }
        } catch (QmpException | PlatformException | StorageException e) {
            reason = String.valueOf(e.getMessage());
        } catch (IOException e) {
            LOG.error("Volume {}: what is known of its bitmaps can't be kept", volume, e);
            reason = "what is known of the host's bitmaps can't be kept on disk";
        } catch (RuntimeException e) {
            LOG.error("Volume {}: its capture failed", volume, e);
            reason = "an internal error";
        }
        tellLost(live, attached, reason);
        return live;
    }

    private void tellReplaced(long nowBytes) {
        if (!replaced && !closed()) {
            replaced = true;
            listener.replaced("the disk has " + nowBytes + " bytes now, it had " + sizeBytes);
        }
    }

    /** What was attached may have sent writes, and what is still on their way must not count any more. */
    private void tellLost(boolean wasLive, boolean attached, String reason) {
        if (closed()) {
            return;
        }
        if (attached) {
            listener.lost(reason);
        }
        if (wasLive) {
            LOG.warn("Volume {} is not mirrored any more: {}", volume, reason);
        } else if (!reason.equals(lastReason)) {
            LOG.warn("Volume {} can't be mirrored, trying on: {}", volume, reason);
            lastReason = reason;
        }
    }

    /** Watches until the job is lost or the capture closed. */
    private void supervise(MirrorSession session)
            throws InterruptedException, QmpException, PlatformException, IOException {
        long rotated = System.nanoTime();
        long moved = System.nanoTime();
        long done = -1;
        while (session.failure().isEmpty() && !closed()) {
            session.await(settings.tick());
            if (session.failure().isPresent() || closed()) {
                return;
            }
            MirrorJob.Look look = session.look(settings);
            if (look.pendingBytes() == 0 || look.doneBytes() != done) {
                done = look.doneBytes();
                moved = System.nanoTime();
            } else if (System.nanoTime() - moved > settings.stall().toNanos()) {
                session.fail("the export did not answer a write for "
                        + settings.stall().toMillis() + " ms");
            }
            if (session.failure().isEmpty()
                    && session.mayRotate()
                    && System.nanoTime() - rotated > settings.rotation().toNanos()) {
                session.rotate(settings);
                rotated = System.nanoTime();
            }
        }
    }

    private static String describe(UnseenWrites unseen) {
        if (!unseen.known()) {
            return "unknown";
        }
        long bytes = unseen.ranges().stream()
                .mapToLong(UnseenWrites.Range::lengthBytes)
                .sum();
        return bytes + " bytes in " + unseen.ranges().size() + " ranges";
    }
}
