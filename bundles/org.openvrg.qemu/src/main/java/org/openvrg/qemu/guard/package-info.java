/**
 * The guard: a process beside the gateway that cuts QEMU off from a gateway that is there but does not answer. But for
 * {@link org.openvrg.qemu.guard.GuardProcess}, which starts it from a folder with this package alone, it uses nothing but
 * Java's own classes.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.qemu.guard;
