/** A small blocking NBD client, for block layers that show their volumes on a private socket. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.nbd.client;
