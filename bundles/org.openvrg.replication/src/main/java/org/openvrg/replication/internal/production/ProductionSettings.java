package org.openvrg.replication.internal.production;

import java.nio.file.Path;
import java.util.UUID;

/**
 * What all VMs at the production side share.
 *
 * @param directory one folder for each VM is below it
 * @param liveDirectory the same in the machine's memory, for what has to survive a kill and may never wait for a disk
 * @param segmentBytes size of a journal segment
 * @param journalLimitBytes limit of a VM's journal
 * @param maxLatencyMillis longest time that the journal may keep a write
 * @param scrubBytesPerSecond most that the scrub of all VMs reads; 0: there is none
 * @param bootId identity of this boot of the machine
 */
public record ProductionSettings(
        Path directory,
        Path liveDirectory,
        long segmentBytes,
        long journalLimitBytes,
        int maxLatencyMillis,
        long scrubBytesPerSecond,
        UUID bootId) {}
