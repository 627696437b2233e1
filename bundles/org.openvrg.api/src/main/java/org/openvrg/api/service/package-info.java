/**
 * Services that the bundles of the appliance give one another, and the checked failures they report.
 *
 * <p>Nothing here is ever null: absence is an {@code Optional}.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.api.service;
