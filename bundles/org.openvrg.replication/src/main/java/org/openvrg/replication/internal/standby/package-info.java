/** The DR side of a VM: the stream into the journal, and from there to the writeagent. */
package org.openvrg.replication.internal.standby;
