/** A real Xen in a QEMU, and what is shown on it. */
package org.openvrg.itests.xen;
