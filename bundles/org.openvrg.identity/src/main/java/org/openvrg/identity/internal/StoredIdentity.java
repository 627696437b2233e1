package org.openvrg.identity.internal;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.UUID;
import org.openvrg.api.service.Identity;

/** An identity whose parts fit one another. Immutable; its text form holds no key. */
record StoredIdentity(UUID vrgUuid, X509Certificate certificate, PrivateKey privateKey) implements Identity {

    @Override
    public String fingerprint() {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException | CertificateEncodingException e) {
            throw new IllegalStateException("a certificate that was read can be hashed", e);
        }
    }

    @Override
    public String toString() {
        return "Identity[" + vrgUuid + ", certificate " + fingerprint() + "]";
    }
}
