package org.openvrg.qemu.mirror;

import java.io.IOException;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.openvrg.api.failure.PlatformException;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.platform.UnseenWrites;
import org.openvrg.qemu.qmp.QmpEvent;
import org.openvrg.qemu.qmp.QmpException;
import org.openvrg.qemu.qmp.QmpListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a mirror job: from the first command until it is lost. Its invariant: at every moment a bitmap at the host
 * covers all writes that the export has not answered, or the gateway believes no bitmap at all.
 *
 * <p>QEMU hands a write to the export after it has written it to the disk, and marks it in the bitmaps before that. So:
 * <ol>
 * <li>a bitmap that records stands before the job starts;
 * <li>once the job is ready every write that begins goes to the export; after all others have ended (a drain) those are
 *     in the bitmap, and can be read from the disk;
 * <li>a new bitmap is added, and after another drain, if the job is still whole, each write that the new one lacks was
 *     answered by the export: now the old one may go.
 * </ol>
 * The events of a failure come before the answer of the drain in which it happened, on the same connection, so a job
 * that looks whole after the drain was whole. One thread runs a session; any may read why it was lost.
 */
final class MirrorSession implements QmpListener {
    private static final Logger LOG = LoggerFactory.getLogger(MirrorSession.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int TOKEN_BYTES = 6;
    private static final Duration READY_LIMIT = Duration.ofSeconds(10);

    private final VolumeId volume;
    private final LiveDisk disk;
    private final MirrorNames names;
    private final MirrorJob job;
    private final DirtyBitmaps bitmaps;
    private final LiveExports exports;
    private final BitmapTokens tokens;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private List<String> recording = List.of();
    private boolean ready;
    private boolean stopping;
    private boolean paused;
    private boolean leaving;
    private boolean givesWay;
    private volatile Optional<String> failure = Optional.empty();

    MirrorSession(VolumeId volume, LiveDisk disk, BitmapTokens tokens) {
        this.volume = volume;
        this.disk = disk;
        this.names = MirrorNames.of(volume);
        this.job = new MirrorJob(disk, names);
        this.bitmaps = new DirtyBitmaps(disk, names);
        this.exports = new LiveExports(disk, names);
        this.tokens = tokens;
    }

    /** Takes away what an earlier life left, and starts the job; what was unseen until then. */
    UnseenWrites attach(URI export, MirrorSettings settings)
            throws QmpException, PlatformException, StorageException, IOException {
        disk.monitor().addListener(this);
        job.remove();
        exports.removeMap();
        failure = Optional.empty();
        recording = bitmaps.keep(tokens.read(volume));
        boolean watched = !recording.isEmpty();
        if (!watched) {
            // believed only after the gateway has noted that it knows nothing of the time before
            tokens.forget(volume);
            String token = newToken();
            bitmaps.add(token);
            recording = List.of(token);
        }
        job.start(export, settings.tlsCredentials());
        awaitReady();
        UnseenWrites unseen = UnseenWrites.unknown();
        if (watched) {
            String onto = exports.mapNode();
            bitmaps.copy(recording, onto, settings.stall());
            unseen = exports.readCopy(onto);
            bitmaps.removeCopy(onto);
        } else {
            bitmaps.drain(settings.stall());
        }
        lookWhere(settings);
        checkWhole();
        return unseen;
    }

    /** Replaces the bitmaps by a new one; those that are in use meanwhile stay until the next time. The gateway has noted everything that it was told. */
    void rotate(MirrorSettings settings) throws QmpException, PlatformException, IOException {
        String next = newToken();
        bitmaps.add(next);
        Set<String> both = new LinkedHashSet<>(recording);
        both.add(next);
        tokens.write(volume, both);
        bitmaps.drain(settings.stall());
        checkWhole();
        List<String> left = new ArrayList<>();
        for (String token : recording) {
            if (!bitmaps.removeToken(token)) {
                left.add(token);
            }
        }
        left.add(next);
        recording = List.copyOf(left);
        tokens.write(volume, new LinkedHashSet<>(recording));
    }

    /**
     * Cuts the export off, and takes job and node away, nothing else: the bitmap goes on recording. Whether that is done
     * for sure: a QEMU that can't be asked may go on with them.
     */
    boolean detach() {
        disk.monitor().removeListener(this);
        if (!disk.monitor().isOpen()) {
            return false;
        }
        try {
            job.remove();
            return true;
        } catch (QmpException e) {
            LOG.warn("Volume {}: its mirror can't be taken away: {}", volume, e.getMessage());
            return false;
        }
    }

    /** Leaves nothing at the host. */
    void forget() throws QmpException {
        job.remove();
        exports.removeMap();
        exports.removeReader();
        bitmaps.keep(Set.of());
    }

    /** Why the job is lost, if it is. */
    Optional<String> failure() {
        return failure;
    }

    /** Ends all waiting. */
    void stop() {
        lock.lock();
        try {
            stopping = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until the job is lost, the VM was paused or the session is stopped, at most so long. */
    void await(Duration most) throws InterruptedException {
        lock.lock();
        try {
            long left = most.toNanos();
            while (failure.isEmpty() && !stopping && !paused && left > 0) {
                left = changed.awaitNanos(left);
            }
            paused = false;
        } finally {
            lock.unlock();
        }
    }

    /** A look at the job, which notes it as lost when it is gone. */
    MirrorJob.Look look(MirrorSettings settings) throws QmpException {
        MirrorJob.Look look = job.look(settings.stall());
        if (!look.there()) {
            fail("the mirror job is gone");
            return look;
        }
        lookWhere(settings);
        return look;
    }

    /**
     * Notes that the job is lost when the VM has gone. It is in no migration's way as far as is known, but after one that
     * failed, for whatever reason, the next one shall find nothing of ours.
     */
    private void lookWhere(MirrorSettings settings) throws QmpException {
        MirrorJob.Stay stay = job.stay(settings.stall());
        leaving = stay == MirrorJob.Stay.LEAVING;
        givesWay |= stay == MirrorJob.Stay.FAILED_TO_LEAVE;
        if (stay == MirrorJob.Stay.GONE) {
            fail("the VM went to another host");
        } else if (leaving && givesWay) {
            fail("the VM is on its way to another host, after a migration that failed");
        }
    }

    /**
     * Whether bitmaps can be replaced, as far as the last look showed. Those of a VM on its way go with it as they are at
     * its start, and can't be removed until it ends.
     */
    boolean mayRotate() {
        return !leaving;
    }

    /** Notes that the job is lost; the first reason stays. */
    void fail(String reason) {
        lock.lock();
        try {
            if (failure.isEmpty()) {
                failure = Optional.of(reason);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void event(QmpEvent event) {
        boolean ours = event.data().path("device").asText().equals(names.job());
        switch (event.name()) {
            case "BLOCK_JOB_READY" -> {
                if (ours) {
                    becomeReady();
                }
            }
            case "BLOCK_JOB_ERROR" -> {
                if (ours) {
                    fail("the export did not take a write ("
                            + event.data().path("operation").asText() + ")");
                }
            }
            case "BLOCK_JOB_COMPLETED", "BLOCK_JOB_CANCELLED" -> {
                if (ours) {
                    fail("the mirror job ended: " + event.data().path("error").asText("cancelled"));
                }
            }
            // the last that a QEMU tells of a VM that goes to another host, before that one runs it
            case "STOP" -> lookSoon();
            case "DEVICE_DELETED" -> {
                if (disk.device().startsWith(event.data().path("path").asText("-"))) {
                    fail("the disk was taken from the VM");
                }
            }
            default -> {
                // resuming and the like change nothing for the job
            }
        }
    }

    @Override
    public void closed(String reason) {
        fail("the connection to QEMU ended: " + reason);
    }

    private void lookSoon() {
        lock.lock();
        try {
            paused = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void becomeReady() {
        lock.lock();
        try {
            ready = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void awaitReady() throws PlatformException {
        lock.lock();
        try {
            long left = READY_LIMIT.toNanos();
            while (!ready && failure.isEmpty()) {
                if (left <= 0 || stopping) {
                    throw new PlatformException("the mirror job is not ready within " + READY_LIMIT.toSeconds() + " s");
                }
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PlatformException("interrupted", e);
        } finally {
            lock.unlock();
        }
        checkWhole();
    }

    private void checkWhole() throws PlatformException {
        Optional<String> reason = failure;
        if (reason.isPresent()) {
            throw new PlatformException(reason.get());
        }
        if (!disk.monitor().isOpen()) {
            throw new PlatformException("the connection to QEMU ended");
        }
    }

    private static String newToken() {
        byte[] random = new byte[TOKEN_BYTES];
        RANDOM.nextBytes(random);
        return HexFormat.of().formatHex(random);
    }
}
