/** The state machine of a protected VM: events in, actions out, no I/O and no clock. */
package org.openvrg.replication.internal.machine;
