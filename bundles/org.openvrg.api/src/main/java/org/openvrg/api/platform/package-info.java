/**
 * The hypervisor plug-in interface: what a bundle implements so that VMs of its kind can be protected.
 *
 * <p>A platform is an OSGi service with the property {@code platform}. Nothing here is ever null.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.api.platform;
