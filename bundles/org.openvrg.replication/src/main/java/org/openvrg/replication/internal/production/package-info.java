/** The production side of a VM: capture into the journal, the stream to the peer, the resync. */
package org.openvrg.replication.internal.production;
