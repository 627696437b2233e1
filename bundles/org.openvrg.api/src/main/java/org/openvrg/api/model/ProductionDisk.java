package org.openvrg.api.model;

import java.util.OptionalInt;

/**
 * A disk of a VM that is protected here.
 *
 * @param volume identity
 * @param slot place in the VM, 1..40, where given
 */
public record ProductionDisk(VolumeId volume, OptionalInt slot) {}
