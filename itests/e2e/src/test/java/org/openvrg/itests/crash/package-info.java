/** Processes that are killed at places of their code that have a name. */
package org.openvrg.itests.crash;
