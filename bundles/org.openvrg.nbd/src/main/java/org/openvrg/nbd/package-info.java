/**
 * Settings and limits of the NBD server that shows exports to hypervisors: fixed newstyle, as the public protocol
 * document of the Network Block Device project describes it. What is served, with the limits, stands in
 * {@code docs/nbd.md}.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.nbd;
