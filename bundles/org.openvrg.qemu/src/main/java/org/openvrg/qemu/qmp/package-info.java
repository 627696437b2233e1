/** Client of the QEMU Machine Protocol (QMP), the monitor of QEMU and its storage daemon. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.qemu.qmp;
