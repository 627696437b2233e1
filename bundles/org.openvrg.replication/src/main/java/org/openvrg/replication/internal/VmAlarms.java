package org.openvrg.replication.internal;

import java.util.Collection;
import java.util.UUID;
import org.openvrg.api.model.ProtectionState;
import org.openvrg.api.model.VolumeId;
import org.openvrg.api.service.AlarmService;
import org.openvrg.api.service.AlarmService.Kind;

/**
 * The alarms of one VM. What holds for some time is told again and again, so that it is right after a restart of either
 * side of this; the alarm service sees what is new. Thread-safe.
 */
public final class VmAlarms {
    private static final int NEARLY_FULL_PERCENT = 80;
    private static final int ROOM_AGAIN_PERCENT = 70;

    private final AlarmService alarms;
    private final String vm;

    /** Of a VM. */
    public VmAlarms(AlarmService alarms, UUID vmUuid) {
        this.alarms = alarms;
        this.vm = vmUuid.toString();
    }

    /** Raises an alarm about the VM. */
    public void raise(Kind kind, String text) {
        alarms.raise(kind, vm, text);
    }

    /** Clears an alarm about the VM. */
    public void clear(Kind kind) {
        alarms.clear(kind, vm);
    }

    /** An alarm about the VM stands if it was raised. */
    public void confirm(Kind kind) {
        alarms.confirm(kind, vm);
    }

    /** A standby volume can't be used. */
    public void volumeFailed(VolumeId volume, String text) {
        alarms.raise(Kind.VOLUME_ERROR, subject(volume), text);
    }

    /** A standby volume can be used, or is none of the VM any more. */
    public void volumeWell(VolumeId volume) {
        alarms.clear(Kind.VOLUME_ERROR, subject(volume));
    }

    /** Nothing new is known of a standby volume. */
    public void volumeUnknown(VolumeId volume) {
        alarms.confirm(Kind.VOLUME_ERROR, subject(volume));
    }

    private String subject(VolumeId volume) {
        return vm + "/" + volume;
    }

    /** How much of a journal is in use. That it is full is raised by who finds it so; it ends when there is room again. */
    public void journalUsed(long usedBytes, long limitBytes) {
        double percent = 100.0 * usedBytes / limitBytes;
        if (percent < ROOM_AGAIN_PERCENT) {
            clear(Kind.JOURNAL_NEARLY_FULL);
            clear(Kind.JOURNAL_FULL);
            return;
        }
        confirm(Kind.JOURNAL_FULL);
        if (percent > NEARLY_FULL_PERCENT) {
            raise(
                    Kind.JOURNAL_NEARLY_FULL,
                    "more than " + NEARLY_FULL_PERCENT + " % of the " + limitBytes
                            + " bytes of the journal are in use");
        } else {
            confirm(Kind.JOURNAL_NEARLY_FULL);
        }
    }

    /** The state of the VM at the production side, whenever it is looked at. */
    public void produces(ProtectionState state, boolean journalFailed) {
        if (state == ProtectionState.INCREMENTAL_QUEUE && !journalFailed) {
            clear(Kind.VM_FELL_TO_CBT);
            clear(Kind.JOURNAL_FAILED);
        } else {
            confirm(Kind.VM_FELL_TO_CBT);
            confirm(Kind.JOURNAL_FAILED);
            confirm(Kind.SCRUB_DIFFERENCE);
        }
    }

    /**
     * What the DR side has of the VM, whenever it is looked at.
     *
     * @param consistent whether there is a consistent copy
     * @param sound whether nothing is to be compared for want of a sound journal
     */
    public void standsBy(boolean consistent, boolean sound) {
        if (consistent) {
            clear(Kind.NO_CONSISTENT_COPY);
        } else {
            confirm(Kind.NO_CONSISTENT_COPY);
        }
        if (sound) {
            clear(Kind.JOURNAL_FAILED);
        } else {
            confirm(Kind.JOURNAL_FAILED);
        }
    }

    /** The VM is protected no more: all its alarms end. */
    public void end(Collection<VolumeId> volumes) {
        for (Kind kind : Kind.values()) {
            clear(kind);
        }
        volumes.forEach(this::volumeWell);
    }
}
