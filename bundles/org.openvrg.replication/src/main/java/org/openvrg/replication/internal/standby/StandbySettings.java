package org.openvrg.replication.internal.standby;

import java.nio.file.Path;
import java.util.UUID;

/**
 * What all VMs at the DR side share.
 *
 * @param directory one folder for each VM is below it
 * @param segmentBytes size of a journal segment
 * @param journalLimitBytes limit of a VM's journal
 * @param owner identity of this gateway
 */
public record StandbySettings(Path directory, long segmentBytes, long journalLimitBytes, UUID owner) {}
