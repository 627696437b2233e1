/**
 * A raw image file as a {@link org.openvrg.api.block.BlockVolume}, for platforms and storage providers that keep
 * volumes in files. Nothing here is ever null.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.api.file;
