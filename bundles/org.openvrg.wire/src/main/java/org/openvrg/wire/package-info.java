/**
 * What travels between gateways, and between a gateway and its writeagents: messages, their frames, packing of records,
 * and the TLS that both use. The byte layout is in {@code docs/protocol.md}.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.wire;
