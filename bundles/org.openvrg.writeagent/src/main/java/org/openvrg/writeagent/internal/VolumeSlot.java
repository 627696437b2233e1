package org.openvrg.writeagent.internal;

import java.util.Optional;
import java.util.UUID;
import org.openvrg.api.failure.StorageException;
import org.openvrg.api.failure.StorageException.Kind;
import org.openvrg.api.model.VolumeStatus;
import org.openvrg.api.storage.Ownership;
import org.openvrg.api.storage.StorageProvider;
import org.openvrg.api.storage.StorageVolume;
import org.openvrg.api.storage.VolumeSpec;
import org.openvrg.wire.Message.VolumeState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A volume that a gateway wants, open or not. Changed only by the serial executor of its VM; {@link #openVolume} may be
 * asked by any thread.
 */
final class VolumeSlot {
    private static final Logger LOG = LoggerFactory.getLogger(VolumeSlot.class);

    private final UUID vmUuid;
    private final VolumeSpec spec;
    private final String volType;
    private volatile Optional<StorageVolume> volume = Optional.empty();
    private Optional<StorageProvider> openedBy = Optional.empty();
    private VolumeStatus status = VolumeStatus.SETTING_UP;
    private String detail = "";
    private boolean everOpened;
    private boolean maybeDirty;
    private boolean newlyOwned;
    private boolean heldInProcess;
    private boolean releasing;

    /**
     * A volume that was not tried yet.
     *
     * @param maybeDirty whether earlier writes to it may not have been flushed
     */
    VolumeSlot(UUID vmUuid, VolumeSpec spec, String volType, boolean maybeDirty) {
        this.vmUuid = vmUuid;
        this.spec = spec;
        this.volType = volType;
        this.maybeDirty = maybeDirty;
    }

    /** What is wanted. */
    VolumeSpec spec() {
        return spec;
    }

    /** Kind of storage that is wanted. */
    String volType() {
        return volType;
    }

    /** The volume while it is open. */
    Optional<StorageVolume> openVolume() {
        return volume;
    }

    /** Whether a provider opened it and it is still open. */
    boolean isOpenedBy(StorageProvider provider) {
        return openedBy.isPresent() && openedBy.get() == provider;
    }

    /** Whether it should be tried again from time to time. */
    boolean isWorthRetrying() {
        return volume.isEmpty() && !releasing && status != VolumeStatus.TYPE_WRONG;
    }

    /** Whether it should be tried when a provider of its type arrives. */
    boolean isWaitingForProvider() {
        return volume.isEmpty() && !releasing;
    }

    /** Whether writes may be on it that were never flushed, and can't be flushed now. */
    boolean isDirtyAndClosed() {
        return volume.isEmpty() && maybeDirty;
    }

    /** Notes that a release that failed is no longer wanted. */
    void wantedAgain() {
        releasing = false;
    }

    /** Notes that it is about to be written. */
    void writing() {
        maybeDirty = true;
    }

    /** Whether it is open, nobody owned it before, and nothing was applied since. */
    boolean isNewlyOwned() {
        return volume.isPresent() && newlyOwned;
    }

    /** Whether it is open, and writes that were not flushed may end with this process. */
    boolean isHeldInProcess() {
        return volume.isPresent() && heldInProcess;
    }

    /** Whether it could not be opened the last time. */
    boolean isRetried() {
        return status != VolumeStatus.SETTING_UP;
    }

    /** The gateway applies to it, so it knows whether it is newly owned. */
    void applied() {
        newlyOwned = false;
    }

    /** Its present status for the gateway. */
    VolumeState state() {
        return new VolumeState(
                vmUuid,
                spec.volume(),
                status,
                volume.map(StorageVolume::sizeBytes).orElse(-1L),
                isNewlyOwned(),
                detail);
    }

    /**
     * Opens it, when it is not open.
     *
     * @param unsure whether it counts as newly owned whatever its claim says
     * @return whether its status changed
     */
    boolean open(ProviderRegistry providers, Ownership owner, boolean unsure) {
        if (volume.isPresent()) {
            return false;
        }
        Optional<StorageProvider> provider = providers.find(volType);
        if (provider.isEmpty()) {
            return become(VolumeStatus.TYPE_WRONG, "no storage provider for volType '" + volType + "' is deployed");
        }
        try {
            StorageVolume opened = provider.get().open(spec, owner);
            if (spec.sizeBytes().isPresent()
                    && opened.sizeBytes() < spec.sizeBytes().getAsLong()) {
                opened.close();
                return become(
                        VolumeStatus.PATH_WRONG,
                        "the volume has " + opened.sizeBytes() + " bytes, production has "
                                + spec.sizeBytes().getAsLong());
            }
            volume = Optional.of(opened);
            openedBy = provider;
            newlyOwned = unsure || opened.newlyOwned();
            heldInProcess = !opened.survivesProcess();
            everOpened = true;
            return become(VolumeStatus.NORMAL, "");
        } catch (StorageException e) {
            return become(statusOf(e.kind()), e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("The storage provider for {} failed", volType, e);
            return become(VolumeStatus.PATH_WRONG, "the storage provider for '" + volType + "' failed");
        }
    }

    /**
     * Makes what was written to it safe.
     *
     * @throws StorageException when that failed, or it is closed with writes that were not flushed
     */
    void flush() throws StorageException {
        if (volume.isPresent()) {
            guarded(volume.get()::flush);
            maybeDirty = false;
        } else if (maybeDirty) {
            throw new StorageException(Kind.CLOSED, "the volume is not open");
        }
    }

    /**
     * Closes it without giving the ownership up.
     *
     * @return whether all that was written to it is safe
     */
    boolean close(VolumeStatus after, String why) {
        boolean safe = true;
        if (volume.isPresent()) {
            StorageVolume closing = volume.get();
            try {
                if (maybeDirty) {
                    flush();
                }
            } catch (StorageException e) {
                LOG.warn("Volume {} could not be flushed before it is closed: {}", spec.volume(), e.getMessage());
                safe = false;
                // what is lost is written again, and flushed then
                maybeDirty = false;
            }
            volume = Optional.empty();
            openedBy = Optional.empty();
            try {
                guarded(closing::close);
            } catch (StorageException e) {
                LOG.warn("Volume {} could not be closed: {}", spec.volume(), e.getMessage());
            }
        }
        become(after, why);
        return safe;
    }

    /**
     * Flushes, gives the ownership up and closes; afterwards it is not opened again by itself.
     *
     * @throws StorageException when ownership that this process had could not be given up
     */
    void release(ProviderRegistry providers, Ownership owner) throws StorageException {
        releasing = true;
        open(providers, owner, false);
        if (volume.isEmpty()) {
            if (everOpened && status != VolumeStatus.OWNED_BY_OTHER) {
                throw new StorageException(Kind.IO, detail);
            }
            return;
        }
        guarded(volume.get()::release);
        volume = Optional.empty();
        openedBy = Optional.empty();
    }

    /** A plug-in may throw anything: it becomes an expected failure of its volume. */
    void guarded(StorageCall call) throws StorageException {
        try {
            call.run();
        } catch (RuntimeException e) {
            throw new StorageException(Kind.IO, "the storage provider for '" + volType + "' failed", e);
        }
    }

    /** A call of a volume. */
    interface StorageCall {
        /** Runs it. */
        void run() throws StorageException;
    }

    private boolean become(VolumeStatus nextStatus, String nextDetail) {
        boolean changed = status != nextStatus || !detail.equals(nextDetail);
        if (status != nextStatus) {
            LOG.info("Volume {} is {} now {}", spec.volume(), nextStatus, nextDetail);
        }
        status = nextStatus;
        detail = nextDetail;
        return changed;
    }

    private static VolumeStatus statusOf(Kind kind) {
        return switch (kind) {
            case OWNED_BY_OTHER -> VolumeStatus.OWNED_BY_OTHER;
            case TYPE_WRONG -> VolumeStatus.TYPE_WRONG;
            case PATH_WRONG, OUT_OF_RANGE, READ_ONLY, NO_SPACE, IO, CLOSED -> VolumeStatus.PATH_WRONG;
        };
    }
}
