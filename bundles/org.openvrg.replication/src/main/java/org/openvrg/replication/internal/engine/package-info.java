/** All VMs of the gateway together: settings, platforms, exports, link and agents. */
package org.openvrg.replication.internal.engine;
