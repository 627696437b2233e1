/**
 * Two appliances from the distribution as real processes, driven from outside as an operator would: REST, NBD tools,
 * files. {@link org.openvrg.itests.Pair} is the way in.
 */
package org.openvrg.itests;
