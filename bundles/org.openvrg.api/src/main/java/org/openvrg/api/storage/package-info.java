/**
 * The storage plug-in interface: what a bundle implements so that standby volumes can live on its kind of storage.
 *
 * <p>A provider is an OSGi service with the property {@code volType}. Nothing here is ever null.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.api.storage;
