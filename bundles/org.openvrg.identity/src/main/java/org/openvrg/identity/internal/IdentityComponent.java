package org.openvrg.identity.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.UUID;
import org.openvrg.api.service.Identity;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Offers the identity that is kept in the configured directory. Immutable. */
@Component(
        service = Identity.class,
        configurationPid = "org.openvrg.identity",
        configurationPolicy = ConfigurationPolicy.REQUIRE,
        immediate = true)
@Designate(ocd = IdentityComponent.Config.class)
public final class IdentityComponent implements Identity {
    private static final Logger LOG = LoggerFactory.getLogger(IdentityComponent.class);

    private final StoredIdentity identity;

    /** Configuration {@code org.openvrg.identity}. */
    @ObjectClassDefinition(name = "VRG identity")
    @interface Config {
        /** Where UUID, key and certificate are kept. */
        @AttributeDefinition(name = "directory", description = "Directory of identity.pem; made at first start")
        String directory();
    }

    /** Reads or makes the identity; fails when it is damaged. */
    @Activate
    public IdentityComponent(Config config) throws IOException {
        if (config.directory() == null || config.directory().isBlank()) {
            throw new IllegalArgumentException("directory of org.openvrg.identity is empty; it must be a path");
        }
        identity = new IdentityStore(Path.of(config.directory())).loadOrMake();
        LOG.info("gateway {}, certificate fingerprint {}", identity.vrgUuid(), identity.fingerprint());
    }

    @Override
    public UUID vrgUuid() {
        return identity.vrgUuid();
    }

    @Override
    public X509Certificate certificate() {
        return identity.certificate();
    }

    @Override
    public PrivateKey privateKey() {
        return identity.privateKey();
    }

    @Override
    public String fingerprint() {
        return identity.fingerprint();
    }
}
