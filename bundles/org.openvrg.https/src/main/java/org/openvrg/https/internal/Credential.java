package org.openvrg.https.internal;

import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

/**
 * A key and its certificate that fit one another. Immutable; its text form holds no secret.
 *
 * @param keyStore in memory, with one key
 * @param password of the store and of the key
 * @param certificate of the key
 */
record Credential(KeyStore keyStore, String password, X509Certificate certificate) {
    /** SHA-256 of the certificate's DER form, 64 lower-case hex digits. */
    String fingerprint() {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException | CertificateEncodingException e) {
            throw new IllegalStateException("a certificate that was read can be hashed", e);
        }
    }

    @Override
    public String toString() {
        return "certificate " + fingerprint() + " of " + certificate.getSubjectX500Principal() + ", until "
                + certificate.getNotAfter().toInstant();
    }
}
