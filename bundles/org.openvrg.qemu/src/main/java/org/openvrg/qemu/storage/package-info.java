/**
 * Volumes through QEMU's block layer: a {@code qemu-storage-daemon} for each, as a child process on a private socket.
 * For storage plug-ins. Nothing here is ever null.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.qemu.storage;
