/**
 * Contract tests for plug-ins: a storage provider's test extends {@link org.openvrg.testkit.StorageProviderContract},
 * an inline platform's test {@link org.openvrg.testkit.InlinePlatformContract}. Only for tests; never deployed.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("1.0.0")
package org.openvrg.testkit;
