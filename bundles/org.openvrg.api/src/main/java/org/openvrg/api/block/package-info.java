/**
 * Block devices as the pipeline sees them: blocking volumes and asynchronous exports.
 *
 * <p>Offsets and lengths are bytes. Nothing here is ever null.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.api.block;
