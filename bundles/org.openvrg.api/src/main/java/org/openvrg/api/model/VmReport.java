package org.openvrg.api.model;

import java.util.Map;
import java.util.UUID;

/**
 * What a gateway knows about a VM right now.
 *
 * @param vmUuid the VM
 * @param state the contract's state
 * @param production whether this gateway is the production side
 * @param connected production: the VM is attached to the peer; DR: to its writeagent
 * @param detail one English sentence for people: what the VM does or waits for
 * @param volumes status of each volume; at the production side {@code NORMAL} or {@code SETTING_UP}
 * @param progress figures
 * @param scrub how far the comparison of volumes and standbys in idle time is; at the production side only
 */
public record VmReport(
        UUID vmUuid,
        ProtectionState state,
        boolean production,
        boolean connected,
        String detail,
        Map<VolumeId, VolumeStatus> volumes,
        Progress progress,
        Scrub scrub) {
    /** Copies the map. */
    public VmReport {
        volumes = Map.copyOf(volumes);
    }

    /**
     * Figures of a VM.
     *
     * @param lastSequence newest record in the local journal
     * @param durableSequence newest record that is durable at the DR side
     * @param appliedSequence newest record that stands on the DR volumes
     * @param journalUsedBytes space that the VM's journal takes here
     * @param journalLimitBytes most that it may take
     * @param resyncTotalBytes size of the resync under way, 0 when there is none
     * @param resyncDoneBytes how much of it is done
     * @param resyncSentBytes how much of it differed and was copied
     * @param capturedBytes payload captured since start (production) or received (DR)
     * @param wireBytes bytes on the wire for this VM since start, after compression
     * @param checkpointAgeMillis age of the newest checkpoint at the DR side (the RPO), -1 when there is none
     */
    public record Progress(
            long lastSequence,
            long durableSequence,
            long appliedSequence,
            long journalUsedBytes,
            long journalLimitBytes,
            long resyncTotalBytes,
            long resyncDoneBytes,
            long resyncSentBytes,
            long capturedBytes,
            long wireBytes,
            long checkpointAgeMillis) {}

    /**
     * The comparison in idle time.
     *
     * @param doneBytes how far the present pass is
     * @param totalBytes size of all volumes
     * @param lastPassEpochMillis when the last full pass ended, in milliseconds since 1970; -1 before that
     * @param differentBlocks blocks of 64 KiB that were found different and repaired, ever
     */
    public record Scrub(long doneBytes, long totalBytes, long lastPassEpochMillis, long differentBlocks) {
        /** Of a VM that is not scrubbed here. */
        public static final Scrub NONE = new Scrub(0, 0, -1, 0);
    }
}
