/**
 * Values of the domain: volumes, records of the write history, states, strategies.
 *
 * <p>All types are immutable and free of I/O. Nothing here is ever null: absence is an {@code Optional}.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.api.model;
