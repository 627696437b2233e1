/**
 * The guard: a process beside the gateway that cuts QEMU off from a gateway that is there but does not answer. It uses
 * nothing but Java's own classes, because it is started from a folder with this package alone.
 */
package org.openvrg.platform.kvm.guard;
