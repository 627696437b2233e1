/** Connections to monitors. The guard runs this package outside of the bundle, so it uses nothing but the JDK. */
package org.openvrg.qemu.wire;
