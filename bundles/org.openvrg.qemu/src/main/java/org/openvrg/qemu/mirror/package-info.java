/**
 * Captures the writes of a disk of a running QEMU, for every hypervisor whose block back end is QEMU: a mirror job that
 * writes through to the gateway's export, dirty bitmaps that cover the times without it, and a reader on the live disk.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.qemu.mirror;
