/**
 * What a gateway keeps on its own disk about one VM: the journal of its records, and per volume the dirty bitmap and
 * the activity log. The formats are written down in {@code docs/journal.md}. Nothing here is ever null.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.journal;
