/**
 * Expected failures: one sealed family of checked exceptions with stable codes, and the error codes of the REST
 * contract.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.api.failure;
