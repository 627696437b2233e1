/**
 * The storage plug-ins in running appliances, each on its real back end. Nothing here is ever null.
 */
package org.openvrg.itests.storage;
