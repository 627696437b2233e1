package org.openvrg.api.platform;

import java.util.OptionalInt;
import java.util.UUID;
import org.openvrg.api.model.VolumeId;

/**
 * A disk of a VM on a hypervisor.
 *
 * @param vmUuid the VM
 * @param volume the disk's volume
 * @param slot its slot, 1..40, where known
 */
public record DiskRef(UUID vmUuid, VolumeId volume, OptionalInt slot) {}
