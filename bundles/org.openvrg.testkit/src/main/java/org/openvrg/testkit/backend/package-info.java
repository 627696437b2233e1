/** Real storage for tests of storage providers: servers of their own, on loopback or in a network namespace of their own. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.testkit.backend;
