package org.openvrg.api.service;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.UUID;
import org.osgi.annotation.versioning.ProviderType;

/** Who this gateway is: made at first start, the same ever after. */
@ProviderType
public interface Identity {
    /** Lasting identity. */
    UUID vrgUuid();

    /** Self-signed certificate of the key. */
    X509Certificate certificate();

    /** Private key; never leaves the process. */
    PrivateKey privateKey();

    /** SHA-256 of the certificate's DER form, 64 lower-case hex digits. */
    String fingerprint();
}
