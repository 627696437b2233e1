/**
 * What platforms and storage providers share: a raw image file as a {@link org.openvrg.api.block.BlockVolume}, a folder
 * that no path leads out of, the ownership of volumes, and datastores by their names. Nothing here is ever null.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.2.0")
package org.openvrg.api.file;
