/**
 * The paired connection between two gateways: pairing, TLS and clear lanes, heartbeats, reconnect. Messages about VMs
 * pass through to the listener.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.link;
