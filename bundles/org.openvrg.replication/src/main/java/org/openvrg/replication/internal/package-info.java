/** Parts that both sides of the replication use. */
package org.openvrg.replication.internal;
