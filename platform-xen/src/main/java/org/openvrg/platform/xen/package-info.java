/** Xen hosts: finds VMs by UUID and disks by slot, and captures those whose block back end is QEMU. */
package org.openvrg.platform.xen;
