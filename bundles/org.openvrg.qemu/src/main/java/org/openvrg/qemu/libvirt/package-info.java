/**
 * Domains of libvirt: its daemon's remote protocol, as far as it is needed to find running domains and to use their
 * monitors. The guard runs all but {@link org.openvrg.qemu.libvirt.LibvirtDomains} outside of the bundle, so that uses
 * nothing but the JDK and {@code wire}.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.qemu.libvirt;
