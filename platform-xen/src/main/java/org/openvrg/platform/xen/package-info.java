/** Slots of Xen guests. */
package org.openvrg.platform.xen;
