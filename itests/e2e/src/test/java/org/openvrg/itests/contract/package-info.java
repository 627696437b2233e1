/**
 * The REST contract from outside: a plain HTTP client against the distribution, one case for every row of its tables.
 * Nothing here uses a class of the product.
 */
package org.openvrg.itests.contract;
