package org.openvrg.https.internal;

import java.util.List;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/**
 * Which TLS is spoken: 1.2 (RFC 5246) and 1.3 (RFC 8446), with AEAD ciphers and forward secrecy only. Stateless.
 */
final class TlsPolicy {
    static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

    /** Best first; the server's order decides. */
    static final List<String> CIPHERS = List.of(
            "TLS_AES_256_GCM_SHA384",
            "TLS_AES_128_GCM_SHA256",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    private TlsPolicy() {}

    /** A factory that keeps to the policy. */
    static SslContextFactory.Server factory(Credential credential) {
        SslContextFactory.Server factory = new SslContextFactory.Server();
        use(factory, credential);
        factory.setExcludeProtocols();
        factory.setIncludeProtocols(PROTOCOLS.toArray(String[]::new));
        factory.setExcludeCipherSuites();
        factory.setIncludeCipherSuites(CIPHERS.toArray(String[]::new));
        factory.setUseCipherSuitesOrder(true);
        factory.setRenegotiationAllowed(false);
        factory.setEndpointIdentificationAlgorithm(null);
        return factory;
    }

    /** Sets key and certificate. */
    static void use(SslContextFactory factory, Credential credential) {
        factory.setKeyStore(credential.keyStore());
        factory.setKeyStorePassword(credential.password());
    }
}
